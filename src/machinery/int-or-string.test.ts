import assert from "node:assert/strict";
import { test } from "node:test";
import { percentOf, scaledValue } from "./int-or-string.ts";

test("numbers stand for themselves, percentages for a share", () => {
  assert.equal(scaledValue(3, 10, { roundUp: true }), 3);
  assert.equal(scaledValue("25%", 10, { roundUp: true }), 3);
  assert.equal(scaledValue("25%", 10, { roundUp: false }), 2);
  assert.equal(scaledValue("0%", 10, { roundUp: true }), 0);
  assert.equal(scaledValue("110%", 10, { roundUp: true }), 11);
  assert.equal(percentOf("25%"), 25);
  assert.equal(percentOf("http"), undefined);
  assert.throws(() => scaledValue("three", 10, { roundUp: true }), /not a percentage/);
});
