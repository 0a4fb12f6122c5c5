import assert from "node:assert/strict";
import {
  AdmissionregistrationV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1MutatingWebhook,
} from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { Admission, allowing, patching, rule } from "../admission.ts";
import { makeCustomKind } from "../custom-kind.ts";
import { refused } from "../kind-client.ts";
import { configMaps, pods } from "../kinds.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import type { Json } from "../webhook-server.ts";

const add = (path: string, value: unknown) => ({ op: "add", path, value });

/** The first stage marks what starts, the second what the first has done. */
const stages = (member: string) => ({
  one: ({ object }: Json) =>
    object[member]?.["mutation-start"] === "yes"
      ? patching(add(`/${member}/mutation-stage-1`, "yes"))
      : allowing,
  two: ({ object }: Json) =>
    object[member]?.["mutation-stage-1"] === "yes"
      ? patching(add(`/${member}/mutation-stage-2`, "yes"))
      : allowing,
});

const started = { "mutation-start": "yes" };
const staged = { ...started, "mutation-stage-1": "yes", "mutation-stage-2": "yes" };

async function startStages(context: ConformanceContext, member = "data"): Promise<Admission> {
  const admission = await Admission.start(context);
  const { one, two } = stages(member);
  admission.server.answer("/one", one);
  admission.server.answer("/two", two);
  return admission;
}

const mapHooks = (admission: Admission): V1MutatingWebhook[] =>
  ["/one", "/two"].map((path) => admission.hook(path, [rule("configmaps", ["CREATE", "UPDATE"])]));

const data = ({ data: found }: V1ConfigMap) => ({ ...found });

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    await admission.mutate(mapHooks(admission));
    const maps = configMaps(context);
    const created = await maps.create({ metadata: { name: "map" }, data: started });
    assert.deepEqual(data(created), staged);
    assert.deepEqual(data(await maps.read("map")), staged);
    const untouched = await maps.create({ metadata: { name: "other" }, data: { a: "b" } });
    assert.deepEqual(data(untouched), { a: "b" });
    const updated = await maps.update("other", (map) => (map.data = started));
    assert.deepEqual(data(updated), staged);
    // A dry run shows the same, and stores nothing.
    assert.deepEqual(data(await maps.createDry({ metadata: { name: "dry" }, data: started })), staged);
    await refused(maps.read("dry"), 404);
    assert.equal(admission.asked("/one").at(-1).dryRun, true);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation [Conformance]",
  async (context) => {
    const admission = await Admission.start(context);
    admission.server.answer("/pods", () =>
      patching(
        add("/spec/initContainers", [
          { image: "webhook-added-image", name: "webhook-added-init-container", resources: {} },
        ]),
      ),
    );
    await admission.mutate([admission.hook("/pods", [rule("pods")])]);
    const created = await pods(context).create({
      metadata: { name: "mutated" },
      spec: { nodeSelector: { none: "such" }, containers: [{ name: "main", image: "a" }] },
    });
    const [init] = created.spec!.initContainers!;
    assert.equal(init?.name, "webhook-added-init-container");
    // What the webhook left out has its default, as if a user had.
    assert.equal(init.terminationMessagePolicy, "File");
    assert.equal(init.terminationMessagePath, "/dev/termination-log");
    assert.equal(init.imagePullPolicy, "Always");
    // It has been given what other admission gives to containers.
    assert.ok(init.volumeMounts?.some(({ mountPath }) => mountPath.endsWith("/serviceaccount")));
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const kind = await makeCustomKind(context);
    await admission.mutate(
      ["/one", "/two"].map((path) =>
        admission.hook(path, [rule(kind.plural, ["CREATE", "UPDATE"], kind.group)]),
      ),
    );
    assert.deepEqual((await kind.create("one", { data: started })).data, staged);
    assert.deepEqual((await kind.read("one")).data, staged);
    await kind.create("two", { data: { a: "b" } });
    assert.deepEqual((await kind.patch("two", { data: started })).data, { a: "b", ...staged });
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const string = { type: "string" };
    const properties = { "mutation-start": string, "mutation-stage-1": string };
    const openAPIV3Schema = { type: "object", properties: { data: { type: "object", properties } } };
    const kind = await makeCustomKind(context, { versions: [{ name: "v1", schema: { openAPIV3Schema } }] });
    await admission.mutate(
      ["/one", "/two"].map((path) => admission.hook(path, [rule(kind.plural, ["CREATE"], kind.group)])),
    );
    // The second stage is not in the schema.
    const { data: found } = await kind.create("pruned", { data: started });
    assert.deepEqual(found, { "mutation-start": "yes", "mutation-stage-1": "yes" });
    assert.deepEqual((await kind.read("pruned")).data, found);
    assert.equal(admission.asked("/two").length, 1);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const kind = await makeCustomKind(context, { versions: [{ name: "v1" }, { name: "v2" }] });
    // It knows v1 alone, and is asked about objects of the other version in its own.
    await admission.mutate([
      admission.hook("/one", [rule(kind.plural, ["CREATE", "UPDATE"], kind.group, "v1")]),
    ]);
    const start = { "mutation-start": "yes" };
    const first = { ...start, "mutation-stage-1": "yes" };
    const created = await kind.create("stored-as-v1", { data: start }, "v1");
    assert.deepEqual(created.data, first);

    await kind.define(({ spec }) => {
      spec.versions[0]!.storage = false;
      spec.versions[1]!.storage = true;
    });
    const patched = await kind.patch(
      "stored-as-v1",
      { metadata: { annotations: { touched: "yes" } } },
      undefined,
      "v2",
    );
    assert.equal(patched.apiVersion, `${kind.group}/v2`);
    const other = await kind.create("stored-as-v2", { data: start }, "v2");
    assert.deepEqual([other.apiVersion, other.data], [`${kind.group}/v2`, first]);
    const request = admission.asked("/one").at(-1);
    assert.equal(request.object.apiVersion, `${kind.group}/v1`);
    assert.deepEqual([request.requestKind.version, request.kind.version], ["v2", "v1"]);
    assert.deepEqual((await kind.read("stored-as-v2", "v1")).data, first);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const registration = context.api(AdmissionregistrationV1Api);
    const labels = { listed: context.unique("yes") };
    const labelSelector = `listed=${labels.listed}`;
    const [one, two] = mapHooks(admission) as [V1MutatingWebhook, V1MutatingWebhook];
    const made = [await admission.mutate([one], labels), await admission.mutate([two], labels)];
    const { items } = await registration.listMutatingWebhookConfiguration({ labelSelector });
    assert.deepEqual(
      items.map(({ metadata }) => metadata!.name).toSorted(),
      made.map(({ metadata }) => metadata!.name).toSorted(),
    );
    const maps = configMaps(context);
    const mutated = await maps.create({ metadata: { name: "mutated" }, data: started });
    assert.equal(mutated.data!["mutation-stage-1"], "yes");

    await registration.deleteCollectionMutatingWebhookConfiguration({ labelSelector });
    const { items: left } = await registration.listMutatingWebhookConfiguration({ labelSelector });
    assert.deepEqual(left, []);
    for (const { metadata } of made) await admission.untilGone(metadata!.name!);
    assert.deepEqual(data(await maps.create({ metadata: { name: "plain" }, data: started })), started);
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const registration = context.api(AdmissionregistrationV1Api);
    const [one] = mapHooks(admission);
    const { metadata } = await admission.mutate([{ ...one!, rules: [rule("configmaps", ["CREATE"])] }]);
    const name = metadata!.name!;
    let at = 0;
    const create = async () =>
      data(await configMaps(context).create({ metadata: { name: `map-${at++}` }, data: started }));
    const first = { ...started, "mutation-stage-1": "yes" };
    assert.deepEqual(await create(), first);

    const read = await registration.readMutatingWebhookConfiguration({ name });
    read.webhooks![0]!.rules![0]!.operations = ["UPDATE"];
    const updated = await registration.replaceMutatingWebhookConfiguration({ name, body: read });
    assert.deepEqual(updated.webhooks![0]!.rules![0]!.operations, ["UPDATE"]);
    await eventually(async () => assert.deepEqual(await create(), started));

    const body = [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["CREATE"] }];
    const patched = await registration.patchMutatingWebhookConfiguration(
      { name, body },
      setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
    );
    assert.deepEqual(patched.webhooks![0]!.rules![0]!.operations, ["CREATE"]);
    await eventually(async () => assert.deepEqual(await create(), first));
  },
);

conformance(
  "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps [Conformance]",
  async (context) => {
    const admission = await startStages(context);
    const [one] = mapHooks(admission);
    await admission.mutate([
      {
        ...one!,
        clientConfig: admission.server.byUrl("/one"),
        matchConditions: [{ name: "skip-me", expression: "object.metadata.name != 'skip-me'" }],
      },
    ]);
    const maps = configMaps(context);
    const skipped = await maps.create({ metadata: { name: "skip-me" }, data: started });
    assert.deepEqual(data(skipped), started);
    const mutated = await maps.create({ metadata: { name: "mutate-me" }, data: started });
    assert.deepEqual(data(mutated), { ...started, "mutation-stage-1": "yes" });
    assert.deepEqual(
      admission.asked("/one").map(({ name }) => name),
      ["mutate-me"],
    );
  },
);
