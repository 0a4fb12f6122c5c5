import assert from "node:assert/strict";
import {
  AdmissionregistrationV1Api,
  type V1APIGroup,
  type V1APIGroupList,
  type V1APIResourceList,
  type V1MatchCondition,
  type V1MutatingWebhook,
} from "@kubernetes/client-node";
import { Admission, denying, patching, rule } from "../admission.ts";
import { refused } from "../kind-client.ts";
import { plain } from "../plain.ts";
import { conformance } from "../suite.ts";

const GROUP = "admissionregistration.k8s.io";

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]",
  async ({ raw }) => {
    const { groups } = (await raw("GET", "/apis")).json<V1APIGroupList>();
    const group = groups.find(({ name }) => name === GROUP);
    assert.ok(
      group?.versions.some(({ groupVersion, version }) => groupVersion === `${GROUP}/v1` && version === "v1"),
    );
    const document = (await raw("GET", `/apis/${GROUP}`)).json<V1APIGroup>();
    assert.deepEqual(document.versions, group!.versions);
    assert.equal(document.preferredVersion?.version, "v1");
    const { resources } = (await raw("GET", `/apis/${GROUP}/v1`)).json<V1APIResourceList>();
    for (const [name, kind] of [
      ["mutatingwebhookconfigurations", "MutatingWebhookConfiguration"],
      ["validatingwebhookconfigurations", "ValidatingWebhookConfiguration"],
    ]) {
      const found = resources.find((each) => each.name === name);
      assert.equal(found?.kind, kind);
      assert.equal(found?.namespaced, false);
    }
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const registration = context.api(AdmissionregistrationV1Api);
    const label = context.unique("protected");
    admission.server.answer("/deny", () => denying("nobody may"));
    admission.server.answer("/mutate", () =>
      patching({ op: "add", path: "/metadata/annotations", value: { mutated: "yes" } }),
    );
    const about = {
      namespaceSelector: {},
      objectSelector: { matchLabels: { of: label } },
      rules: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"].map((name) =>
        rule(name, ["*"], GROUP, "*"),
      ),
    };
    await admission.validate([admission.hook("/deny", [], about)]);
    await admission.mutate([admission.hook("/mutate", [], about)]);

    const webhook = admission.hook("/none", [rule("configmaps")], {
      objectSelector: { matchLabels: { no: "one" } },
    });
    const body = { metadata: { name: label, labels: { of: label } }, webhooks: [webhook] };
    for (const made of [
      await registration.createValidatingWebhookConfiguration({ body }),
      await registration.createMutatingWebhookConfiguration({ body }),
    ]) {
      assert.equal(made.metadata!.annotations?.mutated, undefined);
      assert.equal(made.webhooks!.length, 1);
    }
    await registration.deleteValidatingWebhookConfiguration({ name: label });
    await registration.deleteMutatingWebhookConfiguration({ name: label });
    await refused(registration.readValidatingWebhookConfiguration({ name: label }), 404);
    await refused(registration.readMutatingWebhookConfiguration({ name: label }), 404);
    assert.deepEqual([admission.asked("/deny"), admission.asked("/mutate")], [[], []]);
  },
);

const NOT_LEASES: V1MatchCondition = {
  name: "exclude-leases",
  expression: '!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")',
};
const NOT_NODES: V1MatchCondition = {
  name: "exclude-kubelet-requests",
  expression: '!("system:nodes" in request.userInfo.groups)',
};
const WITH_AUTHORIZER: V1MatchCondition = {
  name: "breakglass",
  expression: `!authorizer.group("${GROUP}").resource("webhookconfigurations").name("x").check("breakglass").allowed()`,
};
const INVALID: V1MatchCondition = { name: "invalid", expression: "... [] bad expression" };
const NOT_BOOLEAN: V1MatchCondition = { name: "number", expression: "1 + 1" };

for (const [word, type] of [
  ["mutating", "Mutating"],
  ["validating", "Validating"],
] as const) {
  const calls = (api: AdmissionregistrationV1Api) =>
    type === "Mutating"
      ? {
          create: (body: object) => api.createMutatingWebhookConfiguration({ body }),
          replace: (name: string, body: object) => api.replaceMutatingWebhookConfiguration({ name, body }),
          read: (name: string) => api.readMutatingWebhookConfiguration({ name }),
          remove: (name: string) => api.deleteMutatingWebhookConfiguration({ name }),
        }
      : {
          create: (body: object) => api.createValidatingWebhookConfiguration({ body }),
          replace: (name: string, body: object) => api.replaceValidatingWebhookConfiguration({ name, body }),
          read: (name: string) => api.readValidatingWebhookConfiguration({ name }),
          remove: (name: string) => api.deleteValidatingWebhookConfiguration({ name }),
        };

  /** It concerns no namespace. */
  const webhook = (...matchConditions: V1MatchCondition[]): V1MutatingWebhook => ({
    name: "conditions.conformance.example.com",
    clientConfig: { url: "https://127.0.0.1:1/none" },
    rules: [rule("configmaps")],
    namespaceSelector: { matchLabels: { no: "namespace" } },
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    matchConditions,
  });

  conformance(
    `[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update ${word} webhook configurations with match conditions [Conformance]`,
    async ({ api, unique, defer }) => {
      const { create, read, replace, remove } = calls(api(AdmissionregistrationV1Api));
      const name = unique("conditions");
      const created = await create({ metadata: { name }, webhooks: [webhook(NOT_LEASES, NOT_NODES)] });
      defer(() => remove(name));
      assert.deepEqual(plain(created.webhooks![0]!.matchConditions), [NOT_LEASES, NOT_NODES]);
      const found = await read(name);
      found.webhooks![0]!.matchConditions = [NOT_LEASES, NOT_NODES, WITH_AUTHORIZER];
      await replace(name, found);
      const { webhooks } = await read(name);
      assert.deepEqual(plain(webhooks![0]!.matchConditions), [NOT_LEASES, NOT_NODES, WITH_AUTHORIZER]);
    },
  );

  conformance(
    `[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject ${word} webhook configurations with invalid match conditions [Conformance]`,
    async ({ api, unique, defer }) => {
      const { create, read, replace, remove } = calls(api(AdmissionregistrationV1Api));
      const name = unique("conditions");
      const at = /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: .*compilation failed/s;
      for (const condition of [INVALID, NOT_BOOLEAN]) {
        const { message } = await refused(
          create({ metadata: { name }, webhooks: [webhook(condition)] }),
          422,
          "Invalid",
        );
        assert.match(message!, condition === INVALID ? at : /must evaluate to bool/);
      }
      const twice = await refused(
        create({ metadata: { name }, webhooks: [webhook(NOT_NODES, NOT_NODES)] }),
        422,
      );
      assert.match(twice.message!, /matchConditions\[1\]\.name: Duplicate value/);
      await refused(read(name), 404);

      await create({ metadata: { name }, webhooks: [webhook(NOT_LEASES)] });
      defer(() => remove(name));
      const found = await read(name);
      found.webhooks![0]!.matchConditions = [INVALID];
      assert.match((await refused(replace(name, found), 422)).message!, at);
    },
  );
}
