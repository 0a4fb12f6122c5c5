import assert from "node:assert/strict";
import { test } from "node:test";
import { requestInfoOf } from "./request-info.ts";

test("methods that HTTP does not know are no verbs, whatever they are called", () => {
  const path = "/api/v1/namespaces/a/pods/b";
  assert.equal(requestInfoOf("PATCH", path, "").verb, "patch");
  for (const method of ["PURGE", "constructor", "__proto__", "toString"])
    assert.equal(requestInfoOf(method, path, "").verb, "");
});
