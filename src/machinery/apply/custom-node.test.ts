/** What a custom schema says about the places of an apply. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../patch/merge-patch.ts";
import { customNode } from "./custom-node.ts";
import type { ObjectNode } from "./merge-node.ts";
import { shapeProblem } from "./shape-problem.ts";

const embedded = customNode({
  type: "object",
  "x-kubernetes-embedded-resource": true,
  properties: {
    metadata: { type: "object" },
    spec: { type: "object", properties: { size: { type: "string" } } },
  },
}) as ObjectNode;

test("an object inside of an object has metadata of every object's shape, whatever its schema says of it", () => {
  const problem = (configuration: JsonObject) => shapeProblem(embedded, configuration);
  assert.equal(problem({ metadata: { labels: { a: "b" }, name: "x" }, spec: { size: "1" } }), undefined);
  assert.equal(problem({ metadata: { label: "x" } }), ".metadata.label: field not declared in schema");
  assert.equal(problem({ spec: { sizes: "1" } }), ".spec.sizes: field not declared in schema");
});

test("finalizers and owners inside of an object are owned one by one", () => {
  const metadata = embedded.member("metadata") as ObjectNode;
  assert.equal(metadata.member("finalizers").kind, "set");
  const owners = metadata.member("ownerReferences");
  assert.ok(owners.kind === "keyed");
  assert.deepEqual(owners.keys, [{ name: "uid", default: undefined }]);
});
