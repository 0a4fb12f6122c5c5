import assert from "node:assert/strict";
import { test } from "node:test";
import { expand } from "./expansion.ts";

const values = new Map([
  ["A", "1"],
  ["B", "$(A)"],
]);

const TABLE = [
  ["plain", "plain"],
  ["$(A)", "1"],
  ["x$(A)y$(A)z", "x1y1z"],
  ["$(B)", "$(A)"],
  ["$(C)", "$(C)"],
  ["$$(A)", "$(A)"],
  ["$$$(A)", "$1"],
  ["$A $", "$A $"],
  ["$(A", "$(A"],
  ["$$", "$"],
  ["$()", "$()"],
] as const;

for (const [text, wanted] of TABLE)
  test(`${text} becomes ${wanted}`, () =>
    assert.equal(
      expand(text, (name) => values.get(name)),
      wanted,
    ));
