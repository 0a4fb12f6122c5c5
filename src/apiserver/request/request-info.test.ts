import assert from "node:assert/strict";
import { test } from "node:test";
import { requestInfoOf } from "./request-info.ts";

test("methods that HTTP does not know are no verbs, whatever they are called", () => {
  const path = "/api/v1/namespaces/a/pods/b";
  assert.equal(requestInfoOf("PATCH", path, "").verb, "patch");
  for (const method of ["PURGE", "constructor", "__proto__", "toString"])
    assert.equal(requestInfoOf(method, path, "").verb, "");
});

test("a path is about the same however its slashes are written", () => {
  const about = (path: string) => {
    const { group, version, namespace, resource, name, subresource, verb } = requestInfoOf("GET", path, "");
    return [group, version, namespace, resource, name, subresource, verb];
  };
  const eel = ["sea.example.com", "v1", "a", "eels", "b c", "", "get"];
  assert.deepEqual(about("/apis/sea.example.com/v1/namespaces/a/eels/b%20c"), eel);
  assert.deepEqual(about("/apis/sea.example.com/v1%2Fnamespaces%2Fa/eels%2fb%20c"), eel);
  assert.equal(requestInfoOf("GET", "/apis/sea.example.com/v1%2Feels", "").isResource, true);
  assert.throws(() => requestInfoOf("GET", "/api/v1/pods%", ""), /invalid URL escape/);
});

test("slashes at the ends are none, and a megabyte of them is no work", () => {
  const many = "/".repeat(1_000_000);
  assert.equal(requestInfoOf("GET", `//api/v1/pods//`, "").resource, "pods");
  assert.equal(requestInfoOf("GET", `${many}api/v1/pods${many}`, "").resource, "pods");
  assert.equal(requestInfoOf("GET", `/api/v1/${many}pods`, "").resource, "");
  assert.equal(requestInfoOf("GET", many, "").isResource, false);
});
