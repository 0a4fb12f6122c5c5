import assert from "node:assert/strict";
import {
  ApiextensionsV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1APIGroup,
  type V1APIGroupList,
  type V1APIResourceList,
  type V1CustomResourceDefinition,
} from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { CustomKind, DEFINITIONS, definitionOf, makeCustomKind, untilEstablished } from "../custom-kind.ts";
import { refused } from "../kind-client.ts";
import { plain } from "../plain.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]",
  async (context) => {
    const { api, raw, waitGone } = context;
    const definitions = api(ApiextensionsV1Api);
    const body = definitionOf(context, {});
    const name = body.metadata!.name!;
    const created = await definitions.createCustomResourceDefinition({ body });
    context.defer(() => definitions.deleteCustomResourceDefinition({ name }));
    assert.deepEqual(plain(created.spec.names), {
      kind: "Widget",
      plural: "widgets",
      singular: "widget",
      listKind: "WidgetList",
    });
    const { status } = await untilEstablished(context, name);
    assert.deepEqual(status?.storedVersions, ["v1"]);
    assert.equal(status.acceptedNames?.kind, "Widget");
    assert.ok(status.conditions?.some((each) => each.type === "NamesAccepted" && each.status === "True"));
    await refused(definitions.createCustomResourceDefinition({ body }), 409, "AlreadyExists");

    const kind = new CustomKind(context, body);
    await kind.create("one", { spec: { size: 1 } });
    assert.equal((await kind.list()).length, 1);

    await definitions.deleteCustomResourceDefinition({ name });
    await waitGone(`${DEFINITIONS}/${name}`);
    await refused(definitions.readCustomResourceDefinition({ name }), 404, "NotFound");
    // With it went the objects and the path.
    assert.equal((await raw("GET", kind.path())).code, 404);
    await definitions.createCustomResourceDefinition({ body });
    await untilEstablished(context, name);
    assert.deepEqual(await kind.list(), []);
  },
);

conformance(
  "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]",
  async (context) => {
    const { api, until, unique } = context;
    const definitions = api(ApiextensionsV1Api);
    const labels = { listed: unique("yes") };
    const labelSelector = `listed=${labels.listed}`;
    const names: string[] = [];
    for (let at = 0; at < 3; at++) names.push((await makeCustomKind(context, { labels })).name);
    await makeCustomKind(context);

    const { items } = await definitions.listCustomResourceDefinition({ labelSelector });
    assert.deepEqual(items.map(({ metadata }) => metadata!.name!).toSorted(), names.toSorted());
    const { items: one } = await definitions.listCustomResourceDefinition({
      fieldSelector: `metadata.name=${names[0]}`,
    });
    assert.equal(one.length, 1);

    await definitions.deleteCollectionCustomResourceDefinition({ labelSelector });
    await until(DEFINITIONS, { labelSelector }, (left) => left.length === 0, "all are gone");
  },
);

conformance(
  "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]",
  async (context) => {
    const definitions = context.api(ApiextensionsV1Api);
    const { name } = await makeCustomKind(context);
    const read = await definitions.readCustomResourceDefinitionStatus({ name });
    assert.ok(read.status?.conditions?.some(({ type }) => type === "Established"));

    const condition = (type: string) => ({
      type,
      status: "True",
      reason: "E2E",
      message: `${type} is set`,
      lastTransitionTime: new Date(),
    });
    const hasCondition = ({ status }: V1CustomResourceDefinition, type: string) =>
      status?.conditions?.some((each) => each.type === type && each.message === `${type} is set`) ?? false;
    read.status!.conditions!.push(condition("StatusUpdated"));
    read.spec.names.shortNames = ["not-by-this-path"];
    const updated = await definitions.replaceCustomResourceDefinitionStatus({ name, body: read });
    assert.ok(hasCondition(updated, "StatusUpdated"));
    assert.equal(updated.spec.names.shortNames, undefined);

    const add = [{ op: "add", path: "/status/conditions/-", value: condition("StatusPatched") }];
    const patched = await definitions.patchCustomResourceDefinitionStatus(
      { name, body: add },
      setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
    );
    assert.ok(hasCondition(patched, "StatusPatched"));
    assert.ok(hasCondition(patched, "StatusUpdated"));
    // An update of the object does not touch its status.
    patched.status!.conditions = [];
    const unaware = await definitions.replaceCustomResourceDefinition({ name, body: patched });
    assert.ok(hasCondition(unaware, "StatusPatched"));
  },
);

conformance(
  "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]",
  async ({ raw }) => {
    const group = "apiextensions.k8s.io";
    const groups = (await raw("GET", "/apis")).json<V1APIGroupList>();
    const listed = groups.groups.find(({ name }) => name === group);
    assert.ok(
      listed?.versions.some(
        ({ groupVersion, version }) => groupVersion === `${group}/v1` && version === "v1",
      ),
    );
    const document = (await raw("GET", `/apis/${group}`)).json<V1APIGroup>();
    assert.deepEqual(document.versions, listed!.versions);
    const { resources } = (await raw("GET", `/apis/${group}/v1`)).json<V1APIResourceList>();
    const found = resources.find(({ name }) => name === "customresourcedefinitions");
    assert.equal(found?.kind, "CustomResourceDefinition");
    assert.equal(found.namespaced, false);
    assert.ok(found.shortNames?.includes("crd"));
    assert.ok(resources.some(({ name }) => name === "customresourcedefinitions/status"));
  },
);

conformance(
  "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]",
  async (context) => {
    const string = { type: "string" };
    const kind = await makeCustomKind(context, {
      versions: [
        { name: "v1", schema: { openAPIV3Schema: { type: "object", properties: { a: string, b: string } } } },
      ],
    });
    const before = await kind.create("stored");
    assert.deepEqual([before.a, before.b], [undefined, undefined]);

    const defaulted = (a?: string, b?: string) =>
      kind.define(({ spec }) => {
        spec.versions[0]!.schema!.openAPIV3Schema!.properties = {
          a: { ...string, _default: a },
          b: { ...string, _default: b },
        };
      });
    await defaulted("A");
    // Of what is in storage already.
    const read = await eventually(async () => {
      const found = await kind.read("stored");
      assert.equal(found.a, "A");
      return found;
    });
    assert.equal(read.b, undefined);
    assert.equal(read.metadata?.resourceVersion, before.metadata?.resourceVersion);
    const [listed] = await kind.list();
    assert.equal(listed?.a, "A");
    // Of what is sent.
    const created = await kind.create("sent", { a: "own" });
    assert.equal(created.a, "own");
    const unaware = await kind.create("plain");
    assert.equal(unaware.a, "A");

    // What was written with a default keeps it; what was not has the new one.
    await defaulted(undefined, "B");
    await eventually(async () => assert.equal((await kind.read("plain")).b, "B"));
    assert.equal((await kind.read("plain")).a, "A");
    assert.equal((await kind.read("stored")).a, undefined);
    const patched = await kind.patch("stored", { metadata: { labels: { touched: "yes" } } });
    assert.deepEqual([patched.a, patched.b], [undefined, "B"]);
    const watch = await kind.watch();
    const { object } = await watch.until((event) => event.object.metadata?.name === "plain", "it is seen");
    assert.deepEqual([object.a, object.b], ["A", "B"]);
  },
);

conformance(
  "[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]",
  async (context) => {
    const kind = await makeCustomKind(context);
    const all = await kind.watch({ resourceVersion: "0" });
    const onlyB = await kind.watch({ resourceVersion: "0", fieldSelector: "metadata.name=b" });
    await kind.create("a", { content: { key: "1" } });
    await kind.create("b", { content: { key: "1" } });
    await kind.patch("a", { content: { key: "2" } });
    await kind.delete("a");
    await kind.patch("b", { content: { key: "2" } });
    await kind.delete("b");
    const told = (events: typeof all.events) =>
      events.map(({ type, object }) => `${type} ${object.metadata?.name} ${object.content.key}`);
    const isEnd = ({ type, object }: (typeof all.events)[number]) =>
      type === "DELETED" && object.metadata?.name === "b";
    await all.until(isEnd, "the end is seen");
    await onlyB.until(isEnd, "the end is seen");
    const ofA = ["ADDED a 1", "ADDED b 1", "MODIFIED a 2", "DELETED a 2"];
    assert.deepEqual(told(all.events), [...ofA, "MODIFIED b 2", "DELETED b 2"]);
    assert.deepEqual(told(onlyB.events), ["ADDED b 1", "MODIFIED b 2", "DELETED b 2"]);
  },
);

conformance(
  "[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]",
  async (context) => {
    const schema = {
      openAPIV3Schema: {
        type: "object",
        properties: {
          hostPort: { type: "string" },
          spec: { type: "object", properties: { color: { type: "string" }, count: { type: "integer" } } },
        },
      },
    };
    const kind = await makeCustomKind(context, {
      versions: [
        { name: "v1", schema, selectableFields: [{ jsonPath: ".spec.color" }, { jsonPath: ".spec.count" }] },
        { name: "v2", schema, selectableFields: [{ jsonPath: ".hostPort" }] },
      ],
    });
    const blue = await kind.watch({ fieldSelector: "spec.color=blue" });
    const object = (color: string, count: number) => ({ spec: { color, count }, hostPort: `host:${count}` });
    await kind.create("a", object("blue", 1));
    await kind.create("b", object("green", 1));
    await kind.create("c", object("blue", 2));

    const names = async (fieldSelector: string, version?: string) =>
      (await kind.list({ fieldSelector }, version)).map(({ metadata }) => metadata!.name).toSorted();
    assert.deepEqual(await names("spec.color=blue"), ["a", "c"]);
    assert.deepEqual(await names("spec.color!=blue"), ["b"]);
    assert.deepEqual(await names("spec.color=blue,spec.count=2"), ["c"]);
    assert.deepEqual(await names("spec.color=blue,metadata.name=a"), ["a"]);
    assert.deepEqual(await names("hostPort=host:1", "v2"), ["a", "b"]);
    await refused(kind.list({ fieldSelector: "spec.color=blue" }, "v2"), 400);
    await refused(kind.list({ fieldSelector: "spec.shape=round" }), 400);

    // Objects enter and leave a watch with their fields.
    await kind.patch("b", { spec: { color: "blue" } });
    await kind.patch("a", { spec: { color: "green" } });
    await kind.delete("c");
    await blue.until(
      ({ type, object: { metadata } }) => type === "DELETED" && metadata?.name === "c",
      "the end",
    );
    assert.deepEqual(
      blue.events.map(({ type, object: { metadata } }) => `${type} ${metadata?.name}`),
      ["ADDED a", "ADDED c", "ADDED b", "DELETED a", "DELETED c"],
    );
  },
);
