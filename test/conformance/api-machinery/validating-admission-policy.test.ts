import assert from "node:assert/strict";
import type { V1Deployment, V1ValidatingAdmissionPolicySpec } from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { refused } from "../kind-client.ts";
import { admissionPolicies, admissionPolicyBindings, deployments } from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { templateOf } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const ofDeployments = (more: Partial<V1ValidatingAdmissionPolicySpec>): V1ValidatingAdmissionPolicySpec => ({
  failurePolicy: "Fail",
  matchConstraints: {
    resourceRules: [
      {
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["deployments"],
      },
    ],
  },
  ...more,
});

const deployment = (name: string, replicas: number): V1Deployment => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: templateOf({ app: name }, undefined, { nodeSelector: { none: "such" } }),
  },
});

/** A policy that holds in the test's namespace; resolves when it does. `refuses`: an object that it does not allow. */
async function enforce(
  context: ConformanceContext,
  spec: V1ValidatingAdmissionPolicySpec,
  refuses: V1Deployment,
): Promise<string> {
  const name = context.unique("policy");
  const policies = admissionPolicies(context);
  const bindings = admissionPolicyBindings(context);
  await policies.create({ metadata: { name }, spec });
  context.defer(() => policies.delete(name));
  const checked = await policies.until(
    name,
    ({ metadata, status }) => status?.observedGeneration === metadata?.generation,
    "its types are checked",
  );
  assert.equal(checked.status?.typeChecking?.expressionWarnings, undefined);
  await bindings.create({
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ["Deny"],
      matchResources: {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": context.namespace } },
      },
    },
  });
  context.defer(() => bindings.delete(name));
  await eventually(() => assert.rejects(deployments(context).createDry(refuses)));
  return name;
}

conformance(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]",
  async (context) => {
    const spec = ofDeployments({
      validations: [
        {
          expression: "object.spec.replicas > 1",
          messageExpression: "'wants more than one replica, got ' + string(object.spec.replicas)",
        },
        {
          expression: "namespaceObject.metadata.name == request.namespace",
          message: "wrong namespace",
        },
      ],
    });
    const name = await enforce(context, spec, deployment("marker", 1));
    const client = deployments(context);
    const { message, details } = await refused(client.create(deployment("single", 1)), 422, "Invalid");
    assert.match(
      message!,
      new RegExp(
        `ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: wants more than one replica, got 1`,
      ),
    );
    assert.equal(details?.kind, "deployments");
    await refused(client.read("single"), 404);
    await client.create(deployment("double", 2));
    await refused(client.patch("double", { spec: { replicas: 1 } }), 422, "Invalid");
    assert.equal((await client.read("double")).spec?.replicas, 2);
    // Other namespaces and other kinds are free.
    const elsewhere = await context.makeNamespace();
    await deployments(context, elsewhere).create(deployment("single", 1));
    // Without the binding, nothing is asked for.
    await admissionPolicyBindings(context).delete(name);
    await eventually(() => client.createDry(deployment("single", 1)));
  },
);

conformance(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]",
  async (context) => {
    const spec = ofDeployments({
      variables: [
        { name: "replicas", expression: "object.spec.replicas" },
        { name: "replicasReminder", expression: "variables.replicas % 2" },
      ],
      validations: [
        {
          expression: "variables.replicas > 1",
          messageExpression: "'wants more than one replica, got ' + string(variables.replicas)",
        },
        { expression: "variables.replicasReminder == 1", message: "only odd numbers of replicas" },
      ],
    });
    await enforce(context, spec, deployment("marker", 1));
    const client = deployments(context);
    for (const [replicas, why] of [
      [0, /got 0/],
      [1, /got 1/],
      [2, /only odd numbers of replicas/],
    ] as const) {
      const { message } = await refused(client.create(deployment("wrong", replicas)), 422, "Invalid");
      assert.match(message!, why);
    }
    await client.create(deployment("odd", 3));
    // Variables may not refer to what comes after them.
    const backwards = ofDeployments({
      variables: [
        { name: "first", expression: "variables.second" },
        { name: "second", expression: "1" },
      ],
      validations: [{ expression: "variables.first == 1" }],
    });
    const wrong = admissionPolicies(context).create({
      metadata: { name: context.unique("policy") },
      spec: backwards,
    });
    assert.match((await refused(wrong, 422, "Invalid")).message!, /undefined field 'second'/);
  },
);

conformance(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]",
  async (context) => {
    const client = admissionPolicies(context);
    await assertDiscovered(context, client.kind, ["status"]);
    await walkOperations(client, context.unique("policy"), {
      sample: (metadata) => ({
        metadata,
        spec: ofDeployments({ validations: [{ expression: "object.spec.replicas <= 100" }] }),
      }),
      change: {
        make: ({ spec }) => (spec!.validations![0]!.expression = "object.spec.replicas <= 50"),
        see: ({ spec }) => assert.equal(spec?.validations?.[0]?.expression, "object.spec.replicas <= 50"),
      },
      async meanwhile(name) {
        const { metadata } = await client.readStatus(name);
        const patched = await client.patchStatus(name, {
          status: {
            conditions: [
              {
                type: "StatusPatched",
                status: "True",
                reason: "E2E",
                message: "Set by a test",
                lastTransitionTime: "2020-01-01T00:00:00Z",
              },
            ],
          },
        });
        const isSet = ({ type }: { type?: string }) => type === "StatusPatched";
        assert.ok(patched.status?.conditions?.some(isSet));
        assert.equal(patched.metadata!.generation, metadata!.generation);
        const updated = await client.updateStatus(name, ({ status }) => {
          status!.conditions!.find(isSet)!.message = "Set once more";
        });
        assert.equal(updated.status?.conditions?.find(isSet)?.message, "Set once more");
        const spec = await client.patchStatus(name, { spec: { failurePolicy: "Ignore" } });
        assert.equal(spec.spec?.failurePolicy, "Fail");
      },
    });
  },
);

conformance(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]",
  async (context) => {
    const client = admissionPolicyBindings(context);
    await assertDiscovered(context, client.kind);
    const policyName = context.unique("none");
    await walkOperations(client, context.unique("binding"), {
      sample: (metadata) => ({ metadata, spec: { policyName, validationActions: ["Deny"] } }),
      change: {
        make: ({ spec }) => (spec!.validationActions = ["Warn", "Audit"]),
        see: ({ spec }) => assert.deepEqual(spec?.validationActions, ["Warn", "Audit"]),
      },
    });
    const both = { policyName, validationActions: ["Deny", "Warn"] };
    await refused(client.create({ metadata: { name: context.unique("bad") }, spec: both }), 422, "Invalid");
    await refused(
      client.create({
        metadata: { name: context.unique("bad") },
        spec: { policyName, validationActions: [] },
      }),
      422,
      "Invalid",
    );
  },
);
