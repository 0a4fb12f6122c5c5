import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { type Harness, type Json, startHarness } from "../harness.ts";

const PATH = "/api/v1/namespaces/default/configmaps";

async function withMaps(t: { after(end: () => Promise<void>): void }, count: number): Promise<Harness> {
  const harness = await startHarness(t);
  for (let index = 0; index < count; index++) {
    const labels = { half: index % 2 === 0 ? "even" : "odd" };
    await harness.create(ConfigMap, { metadata: { name: `m${index}`, namespace: "default", labels } });
  }
  return harness;
}

const names = (list: Json): string[] => list.items.map((item: Json) => item.metadata.name);

test("a list is ordered, and its items go without kind", async (t) => {
  const { ask } = await withMaps(t, 3);
  const list = (await ask("GET", PATH)).json;
  assert.equal(list.kind, "ConfigMapList");
  assert.deepEqual(names(list), ["m0", "m1", "m2"]);
  assert.equal(list.items[0].kind, undefined);
  assert.ok(Number(list.metadata.resourceVersion) > 0);
  assert.deepEqual((await ask("GET", "/api/v1/namespaces/none/configmaps")).json.items, []);
});

test("selectors by label and field", async (t) => {
  const { ask } = await withMaps(t, 4);
  assert.deepEqual(names((await ask("GET", `${PATH}?labelSelector=half%3Deven`)).json), ["m0", "m2"]);
  assert.deepEqual(names((await ask("GET", `${PATH}?fieldSelector=metadata.name%3Dm1`)).json), ["m1"]);
  assert.deepEqual(names((await ask("GET", `${PATH}?fieldSelector=metadata.name!%3Dm1`)).json), [
    "m0",
    "m2",
    "m3",
  ]);
  const all = await ask("GET", "/api/v1/configmaps?fieldSelector=metadata.name%3Dm1");
  assert.deepEqual(names(all.json), ["m1"]);
  // Also where names are keys by themselves, and nothing has this one.
  for (const [name, found] of [
    ["default", ["default"]],
    ["nowhere", []],
  ] as const)
    assert.deepEqual(
      names((await ask("GET", `/api/v1/namespaces?fieldSelector=metadata.name%3D${name}`)).json),
      found,
    );
  const unknown = await ask("GET", `${PATH}?fieldSelector=spec.x%3D1`);
  assert.equal(unknown.status, 400);
  assert.equal((await ask("GET", `${PATH}?labelSelector=a%20in`)).status, 400);
});

test("a page that goes on has its revision already", async (t) => {
  const { ask } = await withMaps(t, 3);
  const { metadata } = (await ask("GET", `${PATH}?limit=2`)).json;
  const next = `${PATH}?limit=2&continue=${encodeURIComponent(metadata.continue)}`;
  const refused = await ask("GET", `${next}&resourceVersion=${metadata.resourceVersion}`);
  assert.equal(refused.status, 400);
  assert.equal(refused.json.message, "specifying resource version is not allowed when using continue");
  assert.deepEqual(names((await ask("GET", `${next}&resourceVersion=0`)).json), ["m2"]);
});

test("pages show one revision, whatever happens between them", async (t) => {
  const { ask, create } = await withMaps(t, 5);
  const first = (await ask("GET", `${PATH}?limit=2`)).json;
  assert.deepEqual(names(first), ["m0", "m1"]);
  assert.equal(first.metadata.remainingItemCount, 3);
  await create(ConfigMap, { metadata: { name: "m1a", namespace: "default" } });
  await ask("DELETE", `${PATH}/m4`);
  const second = (await ask("GET", `${PATH}?limit=2&continue=${first.metadata.continue}`)).json;
  assert.deepEqual(names(second), ["m2", "m3"]);
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const third = (await ask("GET", `${PATH}?limit=2&continue=${second.metadata.continue}`)).json;
  assert.deepEqual(names(third), ["m4"]);
  assert.equal(third.metadata.continue, undefined);
});

test("a token whose revision is gone says so, and how to go on", async (t) => {
  const { ask, store } = await withMaps(t, 4);
  const first = (await ask("GET", `${PATH}?limit=2`)).json;
  await ask("DELETE", `${PATH}/m2`);
  await store.compact(store.revision);
  const expired = await ask("GET", `${PATH}?limit=2&continue=${first.metadata.continue}`);
  assert.equal(expired.status, 410);
  assert.equal(expired.json.reason, "Expired");
  assert.match(expired.json.message, /The provided continue parameter is too old/);
  const rest = await ask("GET", `${PATH}?continue=${expired.json.metadata.continue}`);
  assert.deepEqual(names(rest.json), ["m3"]);
  assert.equal((await ask("GET", `${PATH}?continue=nonsense`)).status, 400);
});

test("versions: exact, not older, from the future, and none at all", async (t) => {
  const { ask, clock } = await withMaps(t, 2);
  const now = (await ask("GET", PATH)).json.metadata.resourceVersion;
  await ask("DELETE", `${PATH}/m0`);
  const exact = (await ask("GET", `${PATH}?resourceVersion=${now}&resourceVersionMatch=Exact`)).json;
  assert.deepEqual(names(exact), ["m0", "m1"]);
  const newer = (await ask("GET", `${PATH}?resourceVersion=${now}&resourceVersionMatch=NotOlderThan`)).json;
  assert.deepEqual(names(newer), ["m1"]);
  const asking = ask("GET", `${PATH}?resourceVersion=${Number(now) + 1000}`);
  await clock.advance(5000);
  const future = await asking;
  assert.equal(future.status, 504);
  assert.match(future.json.message, /Too large resource version/);
  assert.equal(future.json.details.causes[0].reason, "ResourceVersionTooLarge");
  const wrong = await ask("GET", `${PATH}?resourceVersion=abc`);
  assert.equal(wrong.status, 422);
  assert.match(wrong.json.message, /strconv.ParseUint: parsing "abc": invalid syntax/);
  assert.equal((await ask("GET", `${PATH}?resourceVersionMatch=Exact`)).status, 422);
});

test("tables, metadata alone, YAML and protobuf", async (t) => {
  const { ask } = await withMaps(t, 2);
  const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";
  const table = await ask("GET", PATH, undefined, { accept: TABLE });
  assert.equal(table.json.kind, "Table");
  assert.equal(table.json.rows.length, 2);
  assert.equal(table.json.rows[0].object.kind, "PartialObjectMetadata");
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { nonResourceAttributes: { path: "/", verb: "get" } },
  };
  const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  assert.equal((await ask("POST", reviews, review, { accept: TABLE })).status, 406, "a review is no object");
  const partial = await ask("GET", PATH, undefined, {
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  });
  assert.equal(partial.json.kind, "PartialObjectMetadataList");
  assert.equal(partial.json.items[0].data, undefined);
  const yaml = await ask("GET", `${PATH}/m0`, undefined, { accept: "application/yaml" });
  assert.match(yaml.text, /^kind: ConfigMap\n/);
  const protobuf = await ask("GET", `${PATH}/m0`, undefined, {
    accept: "application/vnd.kubernetes.protobuf",
  });
  assert.ok(protobuf.text.startsWith("k8s\0"));
  const none = await ask("GET", PATH, undefined, { accept: "text/html" });
  assert.equal(none.status, 406);
  assert.match(
    none.json.message,
    /only the following media types are accepted: application\/json, application\/yaml/,
  );
});
