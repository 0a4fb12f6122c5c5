import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { outermost, serviceRoutes, strayRoutes } from "./routes.ts";

test("ranges within others are left out, and each is written in one way", () => {
  const cases: [string[], string[]][] = [
    [[], []],
    [["10.96.0.0/16"], ["10.96.0.0/16"]],
    [
      ["10.96.8.0/24", "10.96.0.0/16", "10.97.0.0/24"],
      ["10.96.0.0/16", "10.97.0.0/24"],
    ],
    [["10.96.0.0/16", "10.96.0.0/16", "10.96.1.1/16"], ["10.96.0.0/16"]],
    [
      ["fd00::/112", "10.96.0.0/16", "fd00::10/124"],
      ["10.96.0.0/16", "fd00::/112"],
    ],
  ];
  for (const [given, kept] of cases) deepEqual(outermost(given), kept);
});

test("routes of both families, and those of ranges that are gone", () => {
  const ranges = ["10.96.0.0/16", "192.0.2.1/32", "fd00::/112"];
  deepEqual(serviceRoutes(ranges, ["198.51.100.1"]), [
    "route replace 10.96.0.0/16 dev lo src 198.51.100.1 proto 116",
    "route replace 192.0.2.1/32 dev lo src 198.51.100.1 proto 116",
  ]);
  deepEqual(strayRoutes(["10.96.0.0/16", "192.0.2.1", "192.0.2.2", "203.0.113.0/24", "fd00::/112"], ranges), [
    "route del 192.0.2.2/32 dev lo proto 116",
    "route del 203.0.113.0/24 dev lo proto 116",
  ]);
});
