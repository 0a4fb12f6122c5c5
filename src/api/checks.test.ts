import assert from "node:assert/strict";
import { test } from "node:test";
import { sameValue } from "./checks.ts";

test("absent and empty are the same value", () => {
  assert.equal(sameValue({ a: [] }, {}), true);
  assert.equal(sameValue({ a: null }, { a: undefined }), true);
  assert.equal(sameValue({ a: "" }, {}), false);
});

test("a member counts also where every object inherits one of its name", () => {
  assert.equal(sameValue({}, { constructor: "x" }), false);
  assert.equal(sameValue({ toString: "x" }, {}), false);
});
