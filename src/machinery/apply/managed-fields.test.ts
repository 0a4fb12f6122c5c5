import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOwners, type Owner } from "./managed-fields.ts";

test("updaters are folded oldest first, with those of their own version only", () => {
  const owners = Array.from({ length: 13 }, (_each, index): Owner => ({
    manager: `m${index}`,
    operation: "Update",
    apiVersion: index % 3 === 0 ? "a/v1beta1" : "a/v1",
    subresource: "",
    time: `2026-01-01T00:00:${10 + index}Z`,
    fields: { [`f:x${index}`]: {} },
  }));
  const entries = encodeOwners(owners).map(({ manager, apiVersion, time, fieldsV1 }) => [
    `${manager} ${apiVersion} ${time}`,
    Object.keys(fieldsV1 as object).join(" "),
  ]);
  // m0 and m1 are the first of their versions; m2, m3 and m4 are folded into them.
  assert.deepEqual(entries.slice(0, 3), [
    ["ancient-changes a/v1beta1 2026-01-01T00:00:13Z", "f:x0 f:x3"],
    ["ancient-changes a/v1 2026-01-01T00:00:14Z", "f:x1 f:x2 f:x4"],
    ["m5 a/v1 2026-01-01T00:00:15Z", "f:x5"],
  ]);
  assert.equal(entries.length, 10);
});
