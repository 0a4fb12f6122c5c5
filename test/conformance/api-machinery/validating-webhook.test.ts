import assert from "node:assert/strict";
import {
  AdmissionregistrationV1Api,
  ApiextensionsV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { Admission, allowing, denying, rule } from "../admission.ts";
import { definitionOf, makeCustomKind } from "../custom-kind.ts";
import { refused } from "../kind-client.ts";
import { configMaps, pods } from "../kinds.ts";
import { conformance } from "../suite.ts";
import type { Json } from "../webhook-server.ts";

const EVERY = ["CREATE", "UPDATE", "DELETE"];
const BAD = { "webhook-e2e-test": "webhook-disallow" };

/** Denies what has the bad data. */
const denyBad = ({ object, oldObject }: Json) =>
  (object ?? oldObject).data?.["webhook-e2e-test"] === "webhook-disallow"
    ? denying("the configmap contains unwanted key and value")
    : allowing;

const UNWANTED = /denied the request: the configmap contains unwanted key and value/;

async function denied(call: Promise<unknown>, why: RegExp, code = 400): Promise<void> {
  const { message } = await refused(call, code);
  assert.match(message!, why);
}

const pod = (name: string, image: string, more: Partial<V1Pod["spec"]> = {}): V1Pod => ({
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image }], ...more },
});

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const { server } = admission;
    server.answer("/pods", ({ object }) =>
      object.metadata.name.startsWith("bad")
        ? denying("the pod contains unwanted label", { code: 403, reason: "Forbidden" })
        : allowing,
    );
    server.answer("/configmaps", denyBad);
    // Never answers in time.
    server.answer("/hangs", () => new Promise(() => undefined));
    await admission.validate([
      admission.hook("/pods", [rule("pods")]),
      admission.hook("/configmaps", [rule("configmaps", EVERY)]),
      admission.hook("/hangs", [rule("pods")], {
        timeoutSeconds: 1,
        objectSelector: { matchLabels: { hangs: "yes" } },
      }),
    ]);
    await denied(
      pods(context).create(pod("bad", "a")),
      /admission webhook "pods.conformance.example.com" denied the request: the pod contains unwanted label/,
      403,
    );
    await refused(pods(context).read("bad"), 404);
    const hanging = pod("hanging", "a");
    hanging.metadata!.labels = { hangs: "yes" };
    await denied(
      pods(context).create(hanging),
      /failed calling webhook "hangs.conformance.example.com".*(deadline|timeout)/s,
      500,
    );
    await pods(context).create(pod("fine", "a", { nodeSelector: { none: "such" } }));

    const maps = configMaps(context);
    await denied(maps.create({ metadata: { name: "bad" }, data: BAD }), UNWANTED);
    await maps.create({ metadata: { name: "fine" }, data: { a: "b" } });
    await denied(maps.patch("fine", { data: BAD }), UNWANTED);
    await denied(
      maps.update("fine", (map) => (map.data = BAD)),
      UNWANTED,
    );
    assert.deepEqual({ ...(await maps.read("fine")).data }, { a: "b" });
    // Another namespace is not concerned.
    const elsewhere = await context.makeNamespace();
    await configMaps(context, elsewhere).create({ metadata: { name: "bad" }, data: BAD });
    // What the webhook is told.
    const [first] = admission.asked("/configmaps").filter(({ name }) => name === "bad");
    assert.deepEqual(first.kind, { group: "", version: "v1", kind: "ConfigMap" });
    assert.deepEqual(first.resource, { group: "", version: "v1", resource: "configmaps" });
    assert.deepEqual([first.operation, first.namespace, first.dryRun], ["CREATE", context.namespace, false]);
    assert.ok(first.userInfo.groups.includes("system:authenticated"));
    assert.equal(first.oldObject, null);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    admission.server.answer("/attach", () => denying("attaching to pod is not allowed"));
    // The options of a connection have no labels, so that no selector fits them.
    const hook = admission.hook("/attach", [rule("pods/attach", ["CONNECT"])], { objectSelector: undefined });
    await admission.validate([hook]);
    await pods(context).create(pod("attached", context.images.web));
    await pods(context).until("attached", ({ status }) => status?.phase === "Running", "it runs");
    const { code, stderr } = await context.kubectl(["attach", "attached", "--stdin"], "");
    assert.notEqual(code, 0);
    assert.match(stderr, /attaching to pod is not allowed/);
    const [request] = admission.asked("/attach");
    assert.deepEqual(
      [request.operation, request.subResource, request.name],
      ["CONNECT", "attach", "attached"],
    );
    assert.equal(request.object.kind, "PodAttachOptions");
    assert.equal(request.object.stdin, true);
    // exec is another thing.
    const { stdout } = await context.kubectl(["exec", "attached", "--", "echo", "works"]);
    assert.equal(stdout, "works\n");
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    admission.server.answer("/custom", denyBad);
    const kind = await makeCustomKind(context);
    await admission.validate([
      admission.hook("/custom", [rule(kind.plural, EVERY, kind.group)], {
        clientConfig: admission.server.byUrl("/custom"),
      }),
    ]);
    await denied(kind.create("bad", { data: BAD }), UNWANTED);
    await kind.create("fine", { data: { a: "b" } });
    await denied(kind.patch("fine", { data: BAD }), UNWANTED);

    admission.server.answer("/custom", ({ operation }) =>
      operation === "DELETE" ? denying("it cannot be deleted") : allowing,
    );
    await denied(kind.delete("fine"), /it cannot be deleted/);
    const request = admission.asked("/custom").at(-1);
    assert.deepEqual([request.object, request.oldObject.metadata.name], [null, "fine"]);
    admission.server.answer("/custom", denyBad);
    await kind.patch("fine", { data: { changed: "yes" } });
    await kind.delete("fine");
    await refused(kind.read("fine"), 404);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const namespace = await context.makeNamespace();
    const nobody = {
      service: { namespace: context.namespace, name: "nobody", path: "/maps", port: 443 },
      caBundle: admission.server.caBundle,
    };
    const isThat = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
    await admission.validate([
      admission.hook("/closed", [rule("configmaps")], { clientConfig: nobody, namespaceSelector: isThat }),
      admission.hook("/open", [rule("secrets")], {
        clientConfig: nobody,
        namespaceSelector: isThat,
        failurePolicy: "Ignore",
      }),
    ]);
    await denied(
      configMaps(context, namespace).create({ metadata: { name: "any" } }),
      /failed calling webhook "closed.conformance.example.com"/,
      500,
    );
    await refused(configMaps(context, namespace).read("any"), 404);
    // One that fails open does not stand in the way, and other namespaces are not concerned.
    const { code } = await context.raw("POST", `/api/v1/namespaces/${namespace}/secrets`, {
      body: { metadata: { name: "any" } },
    });
    assert.equal(code, 201);
    await configMaps(context).create({ metadata: { name: "any" } });
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const label = context.unique("crd");
    admission.server.answer("/crds", () => denying("the crd contains unwanted label"));
    await admission.validate([
      admission.hook("/crds", [rule("customresourcedefinitions", ["CREATE"], "apiextensions.k8s.io")], {
        namespaceSelector: {},
        objectSelector: { matchLabels: { of: label } },
      }),
    ]);
    const definitions = context.api(ApiextensionsV1Api);
    const body = definitionOf(context, { labels: { of: label } });
    await denied(definitions.createCustomResourceDefinition({ body }), /the crd contains unwanted label/);
    await refused(definitions.readCustomResourceDefinition({ name: body.metadata!.name! }), 404);
    // Another one may be made.
    await makeCustomKind(context);
    assert.deepEqual(
      admission.asked("/crds").map(({ name }) => name),
      [body.metadata!.name],
    );
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    // Answers as slowly as the object says.
    const waiting = new Set<() => void>();
    context.defer(() => waiting.forEach((answer) => answer()));
    admission.server.answer("/slow", async ({ object }) => {
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        setTimeout(resolve, Number(object.data.seconds) * 1000);
      });
      return allowing;
    });
    const slow = (name: string, seconds: string) =>
      configMaps(context).create({ metadata: { name, labels: { by: name } }, data: { seconds } });
    const hook = (by: string, timeoutSeconds: number | undefined, failurePolicy: string) =>
      admission.hook("/slow", [rule("configmaps")], {
        name: `${by}.conformance.example.com`,
        timeoutSeconds,
        failurePolicy,
        objectSelector: { matchLabels: { by } },
      });
    const created = await admission.validate([
      hook("short-closed", 1, "Fail"),
      hook("short-open", 1, "Ignore"),
      hook("long", 15, "Fail"),
      hook("unsaid", undefined, "Fail"),
    ]);
    const unsaid = created.webhooks!.find(({ name }) => name.startsWith("unsaid"));
    assert.equal(unsaid?.timeoutSeconds, 10);
    const why = /failed calling webhook "short-closed.conformance.example.com".*timeout=1s/s;
    await Promise.all([
      denied(slow("short-closed", "3"), why, 500),
      slow("short-open", "3"),
      slow("long", "2"),
      slow("unsaid", "2"),
    ]);
    await refused(configMaps(context).read("short-closed"), 404);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const registration = context.api(AdmissionregistrationV1Api);
    const labels = { listed: context.unique("yes") };
    const labelSelector = `listed=${labels.listed}`;
    admission.server.answer("/maps", denyBad);
    const made = [];
    for (let at = 0; at < 3; at++)
      made.push(await admission.validate([admission.hook("/maps", [rule("configmaps")])], labels));
    const { items } = await registration.listValidatingWebhookConfiguration({ labelSelector });
    assert.deepEqual(
      items.map(({ metadata }) => metadata!.name).toSorted(),
      made.map(({ metadata }) => metadata!.name).toSorted(),
    );
    await denied(configMaps(context).create({ metadata: { name: "bad" }, data: BAD }), UNWANTED);

    await registration.deleteCollectionValidatingWebhookConfiguration({ labelSelector });
    const { items: left } = await registration.listValidatingWebhookConfiguration({ labelSelector });
    assert.deepEqual(left, []);
    for (const { metadata } of made) await admission.untilGone(metadata!.name!);
    await configMaps(context).create({ metadata: { name: "bad" }, data: BAD });
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    const registration = context.api(AdmissionregistrationV1Api);
    admission.server.answer("/maps", denyBad);
    const { metadata } = await admission.validate([admission.hook("/maps", [rule("configmaps")])]);
    const name = metadata!.name!;
    let at = 0;
    const create = () => configMaps(context).create({ metadata: { name: `map-${at++}` }, data: BAD });
    await denied(create(), UNWANTED);

    const read = await registration.readValidatingWebhookConfiguration({ name });
    read.webhooks![0]!.rules![0]!.operations = ["UPDATE"];
    const updated = await registration.replaceValidatingWebhookConfiguration({ name, body: read });
    assert.deepEqual(updated.webhooks![0]!.rules![0]!.operations, ["UPDATE"]);
    assert.ok(updated.metadata!.generation! > read.metadata!.generation!);
    await eventually(create);

    const body = [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["CREATE"] }];
    const patched = await registration.patchValidatingWebhookConfiguration(
      { name, body },
      setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
    );
    assert.deepEqual(patched.webhooks![0]!.rules![0]!.operations, ["CREATE"]);
    await eventually(() => denied(create(), UNWANTED));
  },
);
