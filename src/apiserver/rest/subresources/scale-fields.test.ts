import assert from "node:assert/strict";
import { test } from "node:test";
import { scaleFields } from "./scale-fields.ts";

const PATHS: Readonly<Record<string, string>> = { "a.io/v1": "spec.replicas", "a.io/v1beta1": "spec.count" };
const fields = scaleFields("a.io/v1", (apiVersion) => PATHS[apiVersion]);

const entry = (manager: string, apiVersion: string, fieldsV1: object, more: object = {}) => ({
  manager,
  operation: "Apply",
  apiVersion,
  fieldsType: "FieldsV1",
  fieldsV1,
  ...more,
});

const count = entry("old", "a.io/v1beta1", { "f:spec": { "f:count": {}, "f:note": {} } });
const gone = entry("lost", "a.io/v1alpha1", { "f:spec": { "f:replicas": {} } });

test("the number of a scale is found where each version has it", () => {
  const inScale = fields.ofScale([count, gone]);
  const owned = { "f:spec": { "f:replicas": {} } };
  assert.deepEqual(inScale, [entry("old", "autoscaling/v1", owned)]);
  assert.deepEqual(fields.ofObject([count, gone], inScale), [count]);
  const taken = [entry("new", "autoscaling/v1", owned, { subresource: "scale" })];
  assert.deepEqual(fields.ofObject([count], taken), [
    entry("new", "a.io/v1", owned, { subresource: "scale" }),
    entry("old", "a.io/v1beta1", { "f:spec": { "f:note": {} } }),
  ]);
});
