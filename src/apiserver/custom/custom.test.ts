import assert from "node:assert/strict";
import { test } from "node:test";
import { customKind } from "#client/kinds";
import type { AnyObject } from "#machinery/schema";
import { type Harness, type Json, startHarness } from "../harness.ts";
import { columnsOf } from "./columns.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS = "/apis/shop.example.com/v1/namespaces/default/widgets";

const spec = {
  type: "object",
  required: ["size"],
  properties: {
    size: { type: "integer", minimum: 1, maximum: 10, description: "How big it is." },
    color: { type: "string", enum: ["red", "blue"], default: "red" },
    name: { type: "string", pattern: "^[a-z]+$", maxLength: 5 },
    replicas: { type: "integer", default: 1 },
    port: { "x-kubernetes-int-or-string": true },
    note: { type: "string", nullable: true },
    labels: { type: "object", additionalProperties: { type: "string" } },
    anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    parts: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
      items: {
        type: "object",
        required: ["id"],
        properties: { id: { type: "string" }, weight: { type: "integer", default: 5 } },
      },
    },
    tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
  },
};

const status = {
  type: "object",
  properties: { replicas: { type: "integer" }, selector: { type: "string" }, phase: { type: "string" } },
};

const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === "v1",
  schema: { openAPIV3Schema: { type: "object", properties: { spec, status } } },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Weight", type: "string", jsonPath: '.spec.parts[?(@.id=="a")].weight', priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
  selectableFields: [{ jsonPath: ".spec.color" }],
  ...more,
});

const widgets = (more: object = {}): Json => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.shop.example.com" },
  spec: {
    group: "shop.example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget", shortNames: ["wd"], categories: ["all"] },
    versions: [version("v1"), version("v1beta1")],
    ...more,
  },
});

const widget = (name: string, of: object = {}, apiVersion = "shop.example.com/v1") => ({
  apiVersion,
  kind: "Widget",
  metadata: { name },
  spec: { size: 3, ...of },
});

/** Resolves when the answer is as wanted; every try is woken by the server's own work, not by time. */
async function until<T>(read: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (let turn = 0; ; turn++) {
    const value = await read();
    if (wanted(value) || turn === 2000) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const conditionsOf = (definition: Json): Record<string, string> =>
  Object.fromEntries((definition.status?.conditions ?? []).map((one: Json) => [one.type, one.status]));

const isEstablished = (definition: Json): boolean => conditionsOf(definition).Established === "True";

async function established(harness: Harness, definition: Json): Promise<Json> {
  const made = await harness.ask("POST", DEFINITIONS, definition);
  assert.equal(made.status, 201, made.text);
  const path = `${DEFINITIONS}/${definition.metadata.name}`;
  return until(async () => (await harness.ask("GET", path)).json, isEstablished);
}

test("a definition is established and its kind is served, discovered and described", async (t) => {
  const harness = await startHarness(t);
  const { ask } = harness;
  const definition = await established(harness, widgets());
  assert.deepEqual(conditionsOf(definition), { NamesAccepted: "True", Established: "True" });
  assert.deepEqual(definition.status.storedVersions, ["v1"]);
  assert.equal(definition.status.acceptedNames.listKind, "WidgetList");

  const group = (await ask("GET", "/apis/shop.example.com")).json;
  assert.deepEqual(
    group.versions.map((one: Json) => one.version),
    ["v1", "v1beta1"],
  );
  const { resources } = (await ask("GET", "/apis/shop.example.com/v1")).json;
  assert.deepEqual(
    resources.map((one: Json) => one.name),
    ["widgets", "widgets/scale", "widgets/status"],
  );
  assert.deepEqual(resources[0].shortNames, ["wd"]);
  const aggregated = await ask("GET", "/apis", undefined, {
    accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  });
  assert.match(aggregated.text, /"resource":"widgets"/);

  const openApi = (await ask("GET", "/openapi/v3/apis/shop.example.com/v1")).json;
  const schema = openApi.components.schemas["com.example.shop.v1.Widget"];
  assert.equal(schema.properties.spec.properties.size.description, "How big it is.");
  assert.ok(schema.properties.metadata);
  assert.deepEqual(schema["x-kubernetes-group-version-kind"], [
    { group: "shop.example.com", kind: "Widget", version: "v1" },
  ]);
  const v2 = (await ask("GET", "/openapi/v2")).json;
  assert.ok(v2.definitions["com.example.shop.v1.Widget"].properties.spec.properties.size);
});

test("objects are defaulted, pruned, validated, and shown in every version", async (t) => {
  const harness = await startHarness(t);
  const { ask } = harness;
  await established(harness, widgets());

  const made = await ask("POST", WIDGETS, widget("a", { parts: [{ id: "a" }], unknown: 1 }));
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.spec, { color: "red", parts: [{ id: "a", weight: 5 }], replicas: 1, size: 3 });
  assert.equal(made.json.metadata.generation, 1);
  assert.match(String(made.headers.warning), /unknown field \\"spec.unknown\\"/);
  const strict = await ask("POST", `${WIDGETS}?fieldValidation=Strict`, widget("b", { unknown: 1 }));
  assert.equal(strict.status, 400);
  assert.match(strict.json.message, /strict decoding error: unknown field "spec.unknown"/);

  const beta = (await ask("GET", `${WIDGETS.replace("v1/", "v1beta1/")}/a`)).json;
  assert.equal(beta.apiVersion, "shop.example.com/v1beta1");
  assert.equal(beta.spec.color, "red");
  const list = (await ask("GET", WIDGETS)).json;
  assert.equal(list.kind, "WidgetList");
  assert.equal(list.items[0].kind, "Widget");

  const viaBeta = widget("c", {}, "shop.example.com/v1beta1");
  assert.equal((await ask("POST", WIDGETS.replace("v1/", "v1beta1/"), viaBeta)).status, 201);
  assert.equal((await ask("GET", `${WIDGETS}/c`)).json.apiVersion, "shop.example.com/v1");

  const wrong = await ask("POST", WIDGETS, widget("w", { size: "x", color: "green", name: "ABCDEFG" }));
  assert.equal(wrong.status, 422);
  const texts = wrong.json.details.causes.map((one: Json) => `${one.field}: ${one.message}`);
  assert.deepEqual(texts, [
    'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    "spec.name: Too long: may not be more than 5 bytes",
    'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
  ]);
  const missing = await ask("POST", WIDGETS, { ...widget("m"), spec: {} });
  assert.match(missing.json.message, /spec.size: Required value/);
  assert.equal((await ask("POST", WIDGETS, widget("n", { size: 11 }))).status, 422);
  assert.equal((await ask("POST", WIDGETS, { ...widget("o"), spec: null })).status, 201);
});

const patchOf = (type: string) => ({ "content-type": `application/${type}` });

test("status and scale are written apart, and generations count what is wanted", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  await ask("POST", WIDGETS, {
    ...widget("a", { parts: [{ id: "a", weight: 7 }] }),
    status: { phase: "no" },
  });
  const before = (await ask("GET", `${WIDGETS}/a`)).json;
  assert.equal(before.status, undefined);

  const told = { ...before, spec: { size: 9 }, status: { phase: "Ready", replicas: 1, selector: "app=a" } };
  const reported = (await ask("PUT", `${WIDGETS}/a/status`, told)).json;
  assert.equal(reported.spec.size, 3);
  assert.equal(reported.status.phase, "Ready");
  assert.equal(reported.metadata.generation, 1);
  const labelled = { ...reported, metadata: { ...reported.metadata, labels: { a: "b" } } };
  assert.equal((await ask("PUT", `${WIDGETS}/a/status`, labelled)).json.metadata.labels, undefined);
  const wrong = { ...reported, status: { phase: 5 } };
  assert.match(
    (await ask("PUT", `${WIDGETS}/a/status`, wrong)).json.message,
    /status.phase in body must be of type string: "integer"/,
  );

  const scale = (await ask("GET", `${WIDGETS}/a/scale`)).json;
  assert.deepEqual(
    [scale.kind, scale.spec, scale.status],
    ["Scale", { replicas: 1 }, { replicas: 1, selector: "app=a" }],
  );
  const scaled = (await ask("PATCH", `${WIDGETS}/a/scale`, { spec: { replicas: 4 } })).json;
  assert.equal(scaled.spec.replicas, 4);
  const after = (await ask("GET", `${WIDGETS}/a`)).json;
  assert.deepEqual([after.spec.replicas, after.metadata.generation, after.status.phase], [4, 2, "Ready"]);

  const table = (
    await ask("GET", WIDGETS, undefined, { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" })
  ).json;
  assert.deepEqual(
    table.columnDefinitions.map((one: Json) => one.name),
    ["Name", "Size", "Weight", "Age"],
  );
  assert.deepEqual(table.rows[0].cells.slice(0, 3), ["a", 3, "7"]);
});

test("no version goes while objects may be stored in it, and forms of texts that nobody knows are told", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  const path = `${DEFINITIONS}/widgets.shop.example.com`;
  const put = async (change: (definition: Json) => void, subresource = "") => {
    const definition = structuredClone((await ask("GET", path)).json) as Json;
    change(definition);
    return ask("PUT", `${path}${subresource}`, definition);
  };
  const moved = await put(({ spec }) => {
    for (const version of spec.versions) version.storage = !version.storage;
    spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.name.format = "surname";
  });
  assert.equal(moved.status, 200, moved.text);
  assert.equal(moved.headers.warning, '299 - "unrecognized format \\"surname\\""');
  const [first, second] = moved.json.status.storedVersions;
  const gone = await put(({ spec }) => {
    spec.versions = spec.versions.filter(({ name }: Json) => name === second);
  });
  assert.match(
    gone.json.message,
    new RegExp(`status.storedVersions\\[0\\]: Invalid value: "${first}": missing from`),
  );
  for (const [stored, detail] of [
    [[], "must have at least one stored version"],
    [[first], `must have the storage version ${second}`],
    [[first, second, second], `status.storedVersions[2]: Duplicate value: "${second}"`],
  ] as const) {
    const refused = await put(({ status }) => (status.storedVersions = stored), "/status");
    assert.ok(refused.json.message.includes(detail), refused.text);
  }
  assert.equal((await put(({ status }) => (status.storedVersions = [second]), "/status")).status, 200);
});

test("who names a finalizer that others may use is told so, once", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  const made = widget("held") as Json;
  made.metadata.finalizers = ["hold", "orphan", "shop.example.com/hold"];
  const { headers, json } = await ask("POST", WIDGETS, made);
  assert.equal(
    headers.warning,
    '299 - "metadata.finalizers: \\"hold\\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers"',
  );
  const changed = { ...json, metadata: { ...json.metadata, finalizers: ["hold"] } };
  assert.equal((await ask("PUT", `${WIDGETS}/held`, changed)).headers.warning, undefined);
});

test("columns show whole numbers to the last digit", () => {
  const [, column] = columnsOf([{ name: "N", type: "integer", jsonPath: ".n" }]);
  const cell = (n: unknown) => column!.cell({ n } as unknown as AnyObject, 0);
  assert.deepEqual([cell(9007199254740993n), cell(1.5), cell("1")], [9007199254740993n, 1, undefined]);
});

test("lists and watches select on fields that the definition names", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  await ask("POST", WIDGETS, widget("red"));
  await ask("POST", WIDGETS, widget("blue", { color: "blue" }));
  const blue = (await ask("GET", `${WIDGETS}?fieldSelector=spec.color%3Dblue`)).json;
  assert.deepEqual(
    blue.items.map((one: Json) => one.metadata.name),
    ["blue"],
  );
  assert.equal((await ask("GET", `${WIDGETS}?fieldSelector=spec.size%3D3`)).status, 400);
  const protobuf = await ask("GET", WIDGETS, undefined, { accept: "application/vnd.kubernetes.protobuf" });
  assert.equal(protobuf.status, 406);
  const either = { accept: "application/vnd.kubernetes.protobuf,application/json" };
  assert.equal((await ask("GET", WIDGETS, undefined, either)).headers["content-type"], "application/json");
  const metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const partial = await ask("GET", WIDGETS, undefined, { accept: metadata });
  assert.deepEqual(
    [partial.status, partial.headers["content-type"]],
    [200, "application/vnd.kubernetes.protobuf"],
  );
  const strategic = await ask("PATCH", `${WIDGETS}/red`, {}, patchOf("strategic-merge-patch+json"));
  assert.equal(strategic.status, 415);
});

test("server-side apply merges lists by the keys of the schema", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  const apply = (manager: string, of: object, more = "") =>
    ask("PATCH", `${WIDGETS}/a?fieldManager=${manager}${more}`, widget("a", of), patchOf("apply-patch+yaml"));
  const one = await apply("one", { parts: [{ id: "x" }], tags: ["p"], anything: { deep: { a: 1 } } });
  assert.equal(one.status, 201, one.text);
  const two = await apply("two", {
    parts: [{ id: "y", weight: 9 }],
    tags: ["q"],
    anything: { deep: { b: 2 } },
  });
  assert.deepEqual(two.json.spec.parts, [
    { id: "x", weight: 5 },
    { id: "y", weight: 9 },
  ]);
  assert.deepEqual(two.json.spec.tags, ["p", "q"]);
  assert.deepEqual(two.json.spec.anything, { deep: { a: 1, b: 2 } });
  const conflict = await apply("two", { size: 4 });
  assert.equal(conflict.status, 409);
  assert.match(conflict.json.message, /conflict with "one": .spec.size/);
  const forced = await apply("two", { size: 4 }, "&force=true");
  assert.deepEqual(forced.json.spec.parts, [{ id: "x", weight: 5 }]);
  assert.equal(forced.json.spec.size, 4);
  const beta = await ask(
    "PATCH",
    `${WIDGETS.replace("v1/", "v1beta1/")}/a?fieldManager=two`,
    widget("a", { size: 4 }, "shop.example.com/v1beta1"),
    patchOf("apply-patch+yaml"),
  );
  assert.deepEqual(
    beta.json.metadata.managedFields.map((one: Json) => [one.manager, one.apiVersion]).sort(),
    [
      ["one", "shop.example.com/v1"],
      ["two", "shop.example.com/v1beta1"],
    ],
  );
  const typo = await apply("two", { size: 4, typo: 1 }, "&force=true&fieldValidation=Strict");
  assert.match(typo.json.message, /\.spec\.typo: field not declared in schema/);
});

test("a stricter schema is not in the way of objects that were accepted before", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  const definition = await established({ ask, ...harness }, widgets());
  await ask("POST", WIDGETS, widget("a", { size: 9, note: "x" }));
  const versions = definition.spec.versions.map((one: Json) => {
    const made = structuredClone(one);
    const { properties } = made.schema.openAPIV3Schema.properties.spec;
    properties.size.maximum = 5;
    properties.added = { type: "string", default: "later" };
    return made;
  });
  const changed = await ask("PUT", `${DEFINITIONS}/widgets.shop.example.com`, {
    ...definition,
    spec: { ...definition.spec, versions },
  });
  assert.equal(changed.status, 200, changed.text);
  const read = async () => (await ask("GET", `${WIDGETS}/a`)).json;
  const now = await until(read, (object) => object.spec.added === "later");
  assert.equal(now.spec.added, "later");
  assert.equal((await ask("PATCH", `${WIDGETS}/a`, { spec: { note: "y" } })).status, 200);
  const worse = await ask("PATCH", `${WIDGETS}/a`, { spec: { size: 8 } });
  assert.match(worse.json.message, /spec.size in body should be less than or equal to 5/);
});

test("versions come and go, and the stored one may change", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  const definition = await established({ ask, ...harness }, widgets());
  await ask("POST", WIDGETS, widget("old"));
  const versions = [
    { ...definition.spec.versions[0], storage: false },
    { ...definition.spec.versions[1], served: false },
    { ...definition.spec.versions[0], name: "v2", storage: true },
  ];
  const put = await ask("PUT", `${DEFINITIONS}/widgets.shop.example.com`, {
    ...definition,
    spec: { ...definition.spec, versions },
  });
  assert.deepEqual(put.json.status.storedVersions, ["v1", "v2"]);
  const v2 = WIDGETS.replace("v1/", "v2/");
  const old = await until(
    () => ask("GET", `${v2}/old`),
    ({ status: code }) => code === 200,
  );
  assert.equal(old.json.apiVersion, "shop.example.com/v2");
  assert.equal((await ask("GET", `${WIDGETS.replace("v1/", "v1beta1/")}/old`)).status, 404);
  await ask("PATCH", `${v2}/old`, { spec: { size: 4 } });
  const { entries } = await harness.store.range(
    "/registry/shop.example.com/widgets/",
    "/registry/shop.example.com/widgets0",
    {},
  );
  assert.match(
    Buffer.from(entries[0]!.value).toString(),
    /^\{"kind":"Widget","apiVersion":"shop.example.com\/v2"/,
  );
  const gone = await ask("PUT", `${DEFINITIONS}/widgets.shop.example.com/status`, {
    ...(await ask("GET", `${DEFINITIONS}/widgets.shop.example.com`)).json,
    status: { ...put.json.status, storedVersions: ["v2"] },
  });
  assert.deepEqual(gone.json.status.storedVersions, ["v2"]);
});

test("a definition that is deleted takes its objects with it", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  await ask("POST", WIDGETS, widget("a"));
  const held = widget("held");
  await ask("POST", WIDGETS, { ...held, metadata: { name: "held", finalizers: ["example.com/hold"] } });
  const path = `${DEFINITIONS}/widgets.shop.example.com`;
  const deleted = await ask("DELETE", path);
  assert.deepEqual(deleted.json.metadata.finalizers, ["customresourcecleanup.apiextensions.k8s.io"]);
  const leaving = await until(
    async () => (await ask("GET", path)).json,
    (one) => conditionsOf(one).Terminating === "True",
  );
  assert.equal(conditionsOf(leaving).Terminating, "True");
  assert.equal((await ask("POST", WIDGETS, widget("late"))).status, 405);
  await until(
    async () => (await ask("GET", WIDGETS)).json,
    ({ items }) => items.length === 1,
  );
  const freed = await ask(
    "PATCH",
    `${WIDGETS}/held`,
    [{ op: "remove", path: "/metadata/finalizers" }],
    patchOf("json-patch+json"),
  );
  assert.equal(freed.status, 200, freed.text);
  const end = await until(
    () => ask("GET", path),
    ({ status: code }) => code === 404,
  );
  assert.equal(end.status, 404);
  assert.equal(
    (
      await until(
        () => ask("GET", WIDGETS),
        ({ status: code }) => code === 404,
      )
    ).status,
    404,
  );
  assert.equal((await ask("GET", "/apis/shop.example.com")).status, 404);
});

test("names belong to who had them first, and are taken over when they are free", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  await established({ ask, ...harness }, widgets());
  const rival = widgets({ names: { plural: "wodgets", kind: "Widget", shortNames: ["wd"] } });
  rival.metadata.name = "wodgets.shop.example.com";
  await ask("POST", DEFINITIONS, rival);
  const path = `${DEFINITIONS}/wodgets.shop.example.com`;
  const refused = await until(
    async () => (await ask("GET", path)).json,
    (one) => one.status.conditions?.length === 2,
  );
  assert.deepEqual(conditionsOf(refused), { NamesAccepted: "False", Established: "False" });
  assert.deepEqual(refused.status.conditions[0].message, '"WidgetList" is already in use');
  await ask("DELETE", `${DEFINITIONS}/widgets.shop.example.com`);
  const taken = await until(async () => (await ask("GET", path)).json, isEstablished);
  assert.equal(isEstablished(taken), true);
});

test("a definition whose schema is not structural is refused", async (t) => {
  const { ask } = await startHarness(t);
  const bad = widgets({
    versions: [
      version("v1", {
        schema: {
          openAPIV3Schema: { type: "object", properties: { spec: { properties: { a: { type: "array" } } } } },
        },
      }),
    ],
  });
  const answer = await ask("POST", DEFINITIONS, bad);
  assert.equal(answer.status, 422);
  assert.deepEqual(
    answer.json.details.causes.map((one: Json) => one.field),
    [
      "spec.validation.openAPIV3Schema.properties[spec].properties[a].items",
      "spec.validation.openAPIV3Schema.properties[spec].type",
      "spec.selectableFields[0].jsonPath",
    ],
  );
});

test("rules in CEL hold on create and update, and old versions are warned of", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  const rules = {
    "x-kubernetes-validations": [
      {
        rule: "self.size > 1",
        messageExpression: "'%d is too small'.format([self.size])",
        fieldPath: ".size",
      },
      { rule: "self.size >= oldSelf.size", message: "must not shrink", reason: "FieldValueForbidden" },
    ],
  };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { ...spec, ...rules }, status } } };
  const versions = [version("v1", { schema, deprecated: true }), version("v1beta1")];
  const made = await ask("POST", DEFINITIONS, widgets({ versions }));
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.warning, undefined);
  await until(
    () => ask("GET", WIDGETS),
    ({ status: code }) => code === 200,
  );
  const small = { ...widget("small"), spec: { size: 1 } };
  const refused = await ask("POST", WIDGETS, small);
  assert.equal(refused.status, 422);
  assert.equal(
    refused.json.message,
    'Widget.shop.example.com "small" is invalid: spec.size: Invalid value: 1 is too small',
  );
  const old = await ask("POST", WIDGETS, widget("a"));
  assert.equal(old.status, 201, old.text);
  assert.match(String(old.headers.warning), /shop.example.com\/v1 Widget is deprecated/);
  const shrunk = { ...old.json, spec: { ...old.json.spec, size: 2 } };
  const kept = await ask("PUT", `${WIDGETS}/a`, shrunk);
  assert.equal(kept.status, 422);
  assert.match(kept.json.message, /spec: Forbidden: must not shrink/);
  assert.match(String((await ask("GET", WIDGETS)).headers.warning), /is deprecated/);
  assert.ok(harness.server);
  const { text: metrics } = await ask("GET", "/metrics");
  assert.match(metrics, /^apiserver_cel_compilation_duration_seconds_count 1$/m);
  assert.match(metrics, /^apiserver_cel_evaluation_duration_seconds_count 3$/m);
});

test("what a new rule finds wrong in an object of old is only warned of", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  const made = await established({ ask, ...harness }, widgets());
  assert.equal((await ask("POST", WIDGETS, widget("a"))).status, 201);
  const rules = { "x-kubernetes-validations": [{ rule: "self > 5", message: "too small" }] };
  const size = { ...spec.properties.size, ...rules };
  const schema = {
    openAPIV3Schema: {
      type: "object",
      properties: { spec: { ...spec, properties: { ...spec.properties, size } }, status },
    },
  };
  const versions = made.spec.versions.map((one: Json) => ({ ...one, schema }));
  const changed = await ask("PUT", `${DEFINITIONS}/widgets.shop.example.com`, {
    ...made,
    spec: { ...made.spec, versions },
  });
  assert.equal(changed.status, 200, changed.text);
  const refused = await until(
    () => ask("POST", `${WIDGETS}?dryRun=All`, widget("b")),
    ({ status: code }) => code === 422,
  );
  assert.match(refused.json.message, /spec.size: Invalid value: 3: too small/);
  const old = await ask("GET", `${WIDGETS}/a`);
  const labelled = { ...old.json, metadata: { ...old.json.metadata, labels: { a: "b" } } };
  const kept = await ask("PUT", `${WIDGETS}/a`, labelled);
  assert.equal(kept.status, 200, kept.text);
  assert.match(String(kept.headers.warning), /spec.size: Invalid value: 3: too small/);
});

test("rules in CEL that cannot be read or cost too much are refused with their definition", async (t) => {
  const { ask } = await startHarness(t);
  const list = { type: "array", items: { type: "string" } };
  const rules = {
    "x-kubernetes-validations": [
      { rule: "self.missing" },
      { rule: "self.list.all(x, self.list.exists(y, x == y))" },
    ],
  };
  const properties = { spec: { type: "object", properties: { list }, ...rules } };
  const versions = [version("v1", { schema: { openAPIV3Schema: { type: "object", properties } } })];
  const refused = await ask("POST", DEFINITIONS, widgets({ versions }));
  assert.equal(refused.status, 422);
  assert.match(refused.json.message, /undefined field 'missing'/);
  assert.match(refused.json.message, /estimated rule cost exceeds budget by factor of more than 100x/);
});

test("a group of the project's own needs approval", async (t) => {
  const { ask } = await startHarness(t);
  const taken = widgets({ group: "apps.k8s.io" });
  taken.metadata.name = "widgets.apps.k8s.io";
  const refused = await ask("POST", DEFINITIONS, taken);
  assert.match(refused.json.message, /protected groups must have approval annotation/);
  taken.metadata.annotations = { "api-approved.kubernetes.io": "unapproved, for a test" };
  assert.equal((await ask("POST", DEFINITIONS, taken)).status, 201);
  const path = `${DEFINITIONS}/widgets.apps.k8s.io`;
  const approval = async (status: string) => {
    for (;;) {
      const { conditions = [] } = (await ask("GET", path)).json.status;
      const found = conditions.find(({ type }: Json) => type === "KubernetesAPIApprovalPolicyConformant");
      if (found?.status === status) return [found.reason, found.message];
      await new Promise(setImmediate);
    }
  };
  assert.deepEqual(await approval("False"), [
    "UnapprovedAnnotation",
    'not approved: "unapproved, for a test"',
  ]);
  const where = "https://example.com/approval";
  const annotations = { "api-approved.kubernetes.io": where };
  const body = { metadata: { annotations } };
  assert.equal((await ask("PATCH", path, body, patchOf("merge-patch+json"))).status, 200);
  assert.deepEqual(await approval("True"), ["ApprovedAnnotation", `approved in ${where}`]);
});

test("watches show custom objects in their version, and end when the definition changes", async (t) => {
  const { ask, ...harness } = await startHarness(t);
  const definition = await established({ ask, ...harness }, widgets());
  const resource = { ...customKind(definition)!, apiVersion: "shop.example.com/v1beta1", version: "v1beta1" };
  const transport = harness.server.transport({ name: "watcher", groups: ["system:masters"] });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const events: string[] = [];
  const watching = (async () => {
    for await (const event of transport.watch({ resource, resourceVersion: "" }, { signal: stop.signal })) {
      if (event.type !== "BOOKMARK")
        events.push(`${event.type} ${event.object.apiVersion} ${event.object.metadata.name}`);
    }
  })();
  await ask("POST", WIDGETS, widget("a"));
  await until(
    () => Promise.resolve(events),
    ({ length }) => length > 0,
  );
  assert.deepEqual(events, ["ADDED shop.example.com/v1beta1 a"]);
  const versions = definition.spec.versions.map((one: Json) => ({ ...one, additionalPrinterColumns: [] }));
  await ask("PUT", `${DEFINITIONS}/widgets.shop.example.com`, {
    ...definition,
    spec: { ...definition.spec, versions },
  });
  await watching;
});
