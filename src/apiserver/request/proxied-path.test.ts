import assert from "node:assert/strict";
import { test } from "node:test";
import { proxiedPath } from "./proxied-path.ts";

test("what stands behind a proxy is told from names that are called so", () => {
  const pod = "/api/v1/namespaces/proxy/pods/proxy:8080/proxy";
  assert.deepEqual(proxiedPath(`${pod}/a/proxy/b`), { prefix: pod, behind: "a/proxy/b" });
  assert.deepEqual(proxiedPath(`${pod}/`), { prefix: pod, behind: "" });
  assert.deepEqual(proxiedPath(pod), { prefix: pod, behind: undefined });
  const node = "/api/v1/nodes/proxy/proxy";
  assert.deepEqual(proxiedPath(`${node}/metrics`), { prefix: node, behind: "metrics" });
});
