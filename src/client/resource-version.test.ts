import assert from "node:assert/strict";
import { test } from "node:test";
import { compareResourceVersions, newerOf } from "./resource-version.ts";

test("resource versions compare as numbers, also beyond 2^53", () => {
  assert.ok(compareResourceVersions("9", "10") < 0);
  assert.ok(compareResourceVersions("9007199254740993", "9007199254740992") > 0);
  assert.equal(compareResourceVersions("42", "42"), 0);
  assert.equal(newerOf("", "1"), "1");
});
