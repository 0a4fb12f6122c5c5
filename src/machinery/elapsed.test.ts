import assert from "node:assert/strict";
import { test } from "node:test";
import { ageOf, elapsed } from "./elapsed.ts";

test("lengths of time", () => {
  const s = 1000;
  const [m, h, d] = [60 * s, 3600 * s, 24 * 3600 * s];
  const cases: [number, string][] = [
    [-5 * s, "<invalid>"],
    [-1, "0s"],
    [0, "0s"],
    [119 * s, "119s"],
    [2 * m, "2m"],
    [9 * m + 59 * s, "9m59s"],
    [179 * m, "179m"],
    [3 * h, "3h"],
    [7 * h + 59 * m, "7h59m"],
    [47 * h, "47h"],
    [2 * d + 3 * h, "2d3h"],
    [100 * d, "100d"],
    [2 * 365 * d, "2y"],
    [3 * 365 * d + 5 * d, "3y5d"],
    [9 * 365 * d, "9y"],
  ];
  for (const [ms, expected] of cases) assert.equal(elapsed(ms), expected);
  assert.equal(ageOf(undefined, 0), "<unknown>");
  assert.equal(ageOf("1970-01-01T00:00:00Z", 5000), "5s");
});
