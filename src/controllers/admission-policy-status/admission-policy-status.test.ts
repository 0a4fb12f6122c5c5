import assert from "node:assert/strict";
import { test } from "node:test";
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { made } from "#api/test-kit";
import { start } from "../harness.test.ts";
import { admissionPolicyStatus } from "./admission-policy-status.ts";
import { ClusterKinds } from "./cluster-kinds.ts";
import { typeWarnings } from "./type-check.ts";

const definition = made(CustomResourceDefinition, {
  metadata: { name: "boxes.example.com" },
  spec: {
    group: "example.com",
    scope: "Cluster",
    names: { plural: "boxes", kind: "Box" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { size: { type: "integer" } } } },
      },
    ],
  },
});

const rule = (group: string, ...resources: readonly string[]) => ({
  operations: ["*"],
  apiGroups: [group],
  apiVersions: ["v1"],
  resources,
});
const DEPLOYMENTS = rule("apps", "deployments");

function warningsOf(rules: readonly object[], expression: string, more: object = {}): readonly string[] {
  const policy = made(ValidatingAdmissionPolicy, {
    spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression }], ...more },
  });
  return typeWarnings(policy, new ClusterKinds(() => [definition])).map(
    ({ fieldRef, warning }) => `${fieldRef} ${warning}`,
  );
}

const at = (kind: string, expression: string, column: number, message: string): string =>
  `${kind}: ERROR: <input>:1:${column}: ${message}\n | ${expression}\n | ${".".repeat(column - 1)}^\n`;

test("what the schemas of matched kinds allow is no matter for warnings", () => {
  const right = [
    "object.spec.replicas > 1 && oldObject.metadata.name != ''",
    "object.spec.template.spec.containers.all(c, has(c.resources.limits) && c.resources.limits['cpu'] != '0')",
    "object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
    "object.spec.strategy.rollingUpdate.maxSurge == '25%'",
    "object.metadata.labels.exists(key, key == request.namespace)",
    "authorizer.requestResource.check('get').allowed()",
  ];
  for (const expression of right) assert.deepEqual(warningsOf([DEPLOYMENTS], expression), [], expression);
  assert.deepEqual(
    warningsOf([rule("example.com", "boxes")], "object.size > 1 && object.metadata.uid != ''"),
    [],
  );
  // Wildcards and subresources say nothing of types.
  assert.deepEqual(
    warningsOf([rule("*", "pods"), rule("apps", "*", "deployments/scale")], "object.nope"),
    [],
  );
});

test("what they do not know is warned of, for each kind", () => {
  const unknown = "object.spec.nope == 1";
  const field = "undefined field 'nope'";
  assert.deepEqual(warningsOf([DEPLOYMENTS], unknown), [
    `spec.validations[0].expression ${at("apps/v1, Kind=Deployment", unknown, 12, field)}`,
  ]);
  const both = warningsOf([rule("apps", "replicasets", "deployments"), rule("", "pods")], unknown);
  const kinds = ["/v1, Kind=Pod", "apps/v1, Kind=Deployment", "apps/v1, Kind=ReplicaSet"];
  assert.deepEqual(both, [
    `spec.validations[0].expression ${kinds.map((kind) => at(kind, unknown, 12, field)).join("\n")}`,
  ]);
  const text = "object.size == 'big'";
  assert.deepEqual(warningsOf([rule("example.com", "boxes")], text), [
    `spec.validations[0].expression ${at("example.com/v1, Kind=Box", text, 13, "found no matching overload for '_==_' applied to '(int, string)'")}`,
  ]);
});

test("variables and params have the types that they are known to have", () => {
  const variables = [{ name: "n", expression: "object.spec.replicas" }];
  const wrong = "variables.n == 'one'";
  assert.deepEqual(warningsOf([DEPLOYMENTS], wrong, { variables }), [
    `spec.validations[0].expression ${at("apps/v1, Kind=Deployment", wrong, 13, "found no matching overload for '_==_' applied to '(int, string)'")}`,
  ]);
  const paramKind = { apiVersion: "example.com/v1", kind: "Box" };
  assert.deepEqual(warningsOf([DEPLOYMENTS], "object.spec.replicas < params.size", { paramKind }), []);
  const lost = "object.spec.replicas < params.nope";
  assert.deepEqual(warningsOf([DEPLOYMENTS], lost, { paramKind }), [
    `spec.validations[0].expression ${at("apps/v1, Kind=Deployment", lost, 30, "undefined field 'nope'")}`,
  ]);
});

test("the status follows each generation of a policy", async (context) => {
  const { client, until, informers } = await start(context, admissionPolicyStatus);
  const policy = (expression: string) => ({
    metadata: { name: "p" },
    spec: { matchConstraints: { resourceRules: [DEPLOYMENTS] }, validations: [{ expression }] },
  });
  await client.create(ValidatingAdmissionPolicy, policy("object.spec.replicas > 1") as never);
  const seen = () => informers.of(ValidatingAdmissionPolicy).get(undefined, "p");
  await until("checked", () => seen()?.status.observedGeneration === 1);
  assert.deepEqual(seen()?.status, { observedGeneration: 1, typeChecking: {} });
  await client.update(ValidatingAdmissionPolicy, {
    ...seen()!,
    spec: { ...seen()!.spec, validations: [{ expression: "object.spec.replicas == 'one'" }] },
  });
  await until("checked again", () => seen()?.status.observedGeneration === 2);
  const [warning] = seen()!.status.typeChecking!.expressionWarnings!;
  assert.equal(warning?.fieldRef, "spec.validations[0].expression");
  assert.match(
    warning.warning,
    /^apps\/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload/,
  );
});
