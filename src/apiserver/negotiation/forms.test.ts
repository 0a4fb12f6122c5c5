import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ConfigMap } from "#api/core-v1/configmap";
import { PartialObjectMetadata } from "#api/meta-v1/partialobjectmetadata";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope, readWatchEvent } from "#machinery/protobuf-envelope";
import { type Harness, type Json, startHarness } from "../harness.ts";
import { takesGzip } from "./compress.ts";
import { PartialObjectMetadataList } from "./transform.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const META = "g=meta.k8s.io;v=v1";
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const KIB = 1024;

const fill = async ({ create }: Harness, count: number, bytes: number) => {
  for (let n = 0; n < count; n++) {
    const metadata = { name: `m${String(n).padStart(3, "0")}`, namespace: "default" };
    await create(ConfigMap, { metadata, data: { text: "x".repeat(bytes) } });
  }
};

test("codings that a client takes", () => {
  const cases: readonly [string | undefined, boolean][] = [
    [undefined, false],
    ["", false],
    ["gzip", true],
    ["deflate, gzip;q=1.0, *;q=0.5", true],
    ["gzip;q=0.5", true],
    ["gzip;q=0", false],
    ["gzip;q=0.000", false],
    ["identity", false],
    ["xgzip", false],
  ];
  for (const [header, takes] of cases) assert.equal(takesGzip(header), takes, String(header));
});

test("answers of 128 KiB and more are compressed for those who take it", async (t) => {
  const harness = await startHarness(t);
  const { ask } = harness;
  const gzip = { "accept-encoding": "gzip" };
  await fill(harness, 1, 127 * KIB);
  const below = await ask("GET", PATH, undefined, gzip);
  assert.equal(below.headers["content-encoding"], undefined);
  assert.equal(below.json.items.length, 1);

  await harness.create(ConfigMap, {
    metadata: { name: "n", namespace: "default" },
    data: { text: "y".repeat((2000 * KIB) / 8) },
  });
  for (const [path, accept] of [
    [PATH, "application/json"],
    [`${PATH}/n`, "application/json"],
    [PATH, "application/yaml"],
    [PATH, PROTOBUF],
  ] as const) {
    const plain = await ask("GET", path, undefined, { accept });
    assert.equal(plain.headers["content-encoding"], undefined);
    const small = await ask("GET", path, undefined, { accept, ...gzip });
    assert.equal(small.headers["content-encoding"], "gzip");
    assert.equal(small.headers.vary, "Accept-Encoding");
    assert.ok(small.bytes.length < plain.bytes.length / 50);
    assert.deepEqual(gunzipSync(small.bytes), plain.bytes);
  }
  const off = await startHarness(t, {
    gates: { APIResponseCompression: false },
    store: harness.store,
    clock: harness.clock,
  });
  assert.equal((await off.ask("GET", PATH, undefined, gzip)).headers["content-encoding"], undefined);
});

test("metadata alone, in JSON, YAML and protobuf, of one, of many, and watched", async (t) => {
  const harness = await startHarness(t);
  const { ask, clock } = harness;
  await fill(harness, 2, 1);
  const one = `as=PartialObjectMetadata;${META}`;
  const many = `as=PartialObjectMetadataList;${META}`;
  const json = (await ask("GET", `${PATH}/m000`, undefined, { accept: `application/json;${one}` })).json;
  assert.deepEqual(Object.keys(json), ["kind", "apiVersion", "metadata"]);
  assert.deepEqual([json.kind, json.apiVersion], ["PartialObjectMetadata", "meta.k8s.io/v1"]);
  const yaml = await ask("GET", `${PATH}/m000`, undefined, { accept: `application/yaml;${one}` });
  assert.match(yaml.text, /^kind: PartialObjectMetadata$/m);
  const bytes = await ask("GET", `${PATH}/m000`, undefined, { accept: `${PROTOBUF};${one}` });
  assert.equal(bytes.headers["content-type"], PROTOBUF);
  const { kind, raw } = readEnvelope(bytes.bytes);
  assert.equal(kind, "PartialObjectMetadata");
  assert.equal(decodeProtobuf<PartialObjectMetadata>(PartialObjectMetadata, raw).metadata?.name, "m000");

  const list = (await ask("GET", PATH, undefined, { accept: `application/json;${many}` })).json;
  assert.deepEqual(
    [list.kind, list.items.length, list.items[1].metadata.name],
    ["PartialObjectMetadataList", 2, "m001"],
  );
  const inBytes = readEnvelope((await ask("GET", PATH, undefined, { accept: `${PROTOBUF};${many}` })).bytes);
  const decoded = decodeProtobuf<{ items: { metadata: { name: string } }[] }>(
    PartialObjectMetadataList,
    inBytes.raw,
  );
  assert.deepEqual(
    decoded.items.map(({ metadata }) => metadata.name),
    ["m000", "m001"],
  );

  const asking = ask("GET", `${PATH}?watch=1&timeoutSeconds=5`, undefined, { accept: `${PROTOBUF};${one}` });
  await clock.advance(6000);
  const watched = (await asking).bytes;
  const event = readWatchEvent(watched.subarray(4, 4 + watched.readUInt32BE(0)));
  const object = readEnvelope(event.object);
  assert.deepEqual([event.type, object.kind], ["ADDED", "PartialObjectMetadata"]);
});

test("tables of one, of many, and watched, with as much of the objects as is asked for", async (t) => {
  const harness = await startHarness(t);
  const { ask, clock } = harness;
  await fill(harness, 2, 1);
  const accept = `application/json;as=Table;${META}`;
  const table = async (query: string): Promise<Json> =>
    (await ask("GET", `${PATH}${query}`, undefined, { accept })).json;
  const shown = async (include: string) => (await table(`?includeObject=${include}`)).rows[0].object;
  assert.equal((await shown("Metadata")).kind, "PartialObjectMetadata");
  assert.equal((await shown("Object")).kind, "ConfigMap");
  assert.equal(await shown("None"), null);
  assert.equal((await table("")).rows[0].object.kind, "PartialObjectMetadata");
  assert.equal((await table("/m000")).rows.length, 1);
  const { columnDefinitions, rows } = await table("");
  assert.deepEqual(
    columnDefinitions.map(({ name }: Json) => name),
    ["Name", "Data", "Age"],
  );
  assert.deepEqual(rows[0].cells.slice(0, 2), ["m000", 1]);
  const bad = await ask("GET", `${PATH}?includeObject=All`, undefined, { accept });
  assert.equal(bad.status, 400);
  const asking = ask("GET", `${PATH}?watch=1&timeoutSeconds=5`, undefined, { accept });
  await clock.advance(6000);
  const events = (await asking).text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);
  assert.deepEqual(
    events.map(({ object }) => [object.kind, object.rows[0].cells[0]]),
    [
      ["Table", "m000"],
      ["Table", "m001"],
    ],
  );
  assert.ok(events[0]!.object.columnDefinitions.length > 0);
  assert.ok(!events[1]!.object.columnDefinitions?.length);
});

test("every kind that can be listed has a table, and metadata in protobuf", async (t) => {
  const { ask } = await startHarness(t);
  const groups: string[] = ["/api/v1"];
  for (const { versions } of (await ask("GET", "/apis")).json.groups)
    for (const { groupVersion } of versions) groups.push(`/apis/${groupVersion}`);
  let kinds = 0;
  for (const group of groups) {
    for (const { name, verbs } of (await ask("GET", group)).json.resources) {
      if (name.includes("/") || !verbs.includes("list")) continue;
      kinds++;
      const path = `${group}/${name}`;
      const table = await ask("GET", path, undefined, { accept: `application/json;as=Table;${META}` });
      assert.deepEqual([table.status, table.json.kind], [200, "Table"], path);
      assert.ok(table.json.columnDefinitions.length > 0, path);
      const accept = `${PROTOBUF};as=PartialObjectMetadataList;${META}`;
      const metadata = await ask("GET", path, undefined, { accept });
      assert.equal(readEnvelope(metadata.bytes).kind, "PartialObjectMetadataList", path);
    }
  }
  assert.ok(kinds > 50);
});

test("forms that there are not are not acceptable; the next that the client names is taken", async (t) => {
  const { ask, create } = await startHarness(t);
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" } });
  const refused: readonly [string, string][] = [
    ["GET", "text/html"],
    ["GET", `application/json;as=Table;g=other;v=v1`],
    ["GET", `application/json;as=Table;g=meta.k8s.io;v=v2`],
    ["GET", `application/json;as=Picture;${META}`],
    ["GET", `${PROTOBUF};as=Table;${META}`],
    ["GET", `application/json;as=PartialObjectMetadata;${META}`],
  ];
  for (const [method, accept] of refused) {
    const answer = await ask(method, PATH, undefined, { accept });
    assert.deepEqual([answer.status, answer.json.reason], [406, "NotAcceptable"], accept);
    const next = await ask(method, PATH, undefined, { accept: `${accept}, application/json` });
    assert.equal(next.json.kind, "ConfigMapList", accept);
  }
  const list = await ask("GET", `${PATH}/a`, undefined, {
    accept: `application/json;as=PartialObjectMetadataList;${META}`,
  });
  assert.equal(list.status, 406);
  const watch = await ask("GET", `${PATH}?watch=1`, undefined, { accept: "application/yaml" });
  assert.equal(watch.status, 406);
});
