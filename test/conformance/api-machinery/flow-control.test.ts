import assert from "node:assert/strict";
import { flowSchemas, priorityLevels } from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { conformance } from "../suite.ts";

const condition = {
  type: "Tried",
  status: "True",
  reason: "E2E",
  message: "Set from a test",
  lastTransitionTime: new Date(0),
};

conformance(
  "[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]",
  async (context) => {
    const client = flowSchemas(context);
    await assertDiscovered(context, client.kind, ["status"]);
    await walkOperations(client, context.unique("flow"), {
      sample: (metadata) => ({
        metadata,
        spec: {
          matchingPrecedence: 10_000,
          priorityLevelConfiguration: { name: "global-default" },
          distinguisherMethod: { type: "ByUser" },
          rules: [
            {
              subjects: [{ kind: "User", user: { name: `nobody-${metadata.name}` } }],
              resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], clusterScope: true }],
            },
          ],
        },
      }),
      change: {
        make: ({ spec }) => (spec!.matchingPrecedence = 9000),
        see: ({ spec }) => assert.equal(spec?.matchingPrecedence, 9000),
      },
      async meanwhile(name) {
        const before = await client.readStatus(name);
        const patched = await client.patchStatus(name, { status: { conditions: [condition] } });
        const isTried = ({ type, reason }: { type?: string; reason?: string }) =>
          type === "Tried" && reason === "E2E";
        assert.ok(patched.status?.conditions?.some(isTried));
        assert.equal(patched.metadata!.generation, before.metadata!.generation);
        const updated = await client.updateStatus(name, ({ status }) => {
          status!.conditions!.find(isTried)!.message = "Set once more";
        });
        assert.equal(updated.status?.conditions?.find(isTried)?.message, "Set once more");
        // The specification is not reached by this path, nor the status by the other.
        const spec = await client.patchStatus(name, { spec: { matchingPrecedence: 1 } });
        assert.equal(spec.spec?.matchingPrecedence, 9000);
        const whole = await client.patch(name, { status: { conditions: null } });
        assert.ok(whole.status?.conditions?.some(isTried));
      },
    });
  },
);

conformance(
  "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]",
  async (context) => {
    const client = priorityLevels(context);
    await assertDiscovered(context, client.kind, ["status"]);
    await walkOperations(client, context.unique("level"), {
      sample: (metadata) => ({
        metadata,
        spec: {
          type: "Limited",
          limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } },
        },
      }),
      change: {
        make: ({ spec }) => (spec!.limited!.nominalConcurrencyShares = 4),
        see: ({ spec }) => assert.equal(spec?.limited?.nominalConcurrencyShares, 4),
      },
      async meanwhile(name) {
        const patched = await client.patchStatus(name, { status: { conditions: [condition] } });
        const isTried = ({ type }: { type?: string }) => type === "Tried";
        assert.equal(patched.status?.conditions?.find(isTried)?.message, condition.message);
        const updated = await client.updateStatus(name, ({ status }) => {
          status!.conditions!.find(isTried)!.message = "Set once more";
        });
        assert.equal(updated.status?.conditions?.find(isTried)?.message, "Set once more");
        const spec = await client.patchStatus(name, { spec: { limited: { nominalConcurrencyShares: 1 } } });
        assert.equal(spec.spec?.limited?.nominalConcurrencyShares, 4);
      },
    });
  },
);
