import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { decodeCbor, encodeCbor } from "#machinery/cbor";
import { type Answered, type Json, startHarness } from "../harness.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const TYPE = "application/cbor";
const CBOR = { "content-type": TYPE, accept: TYPE };
const gates = { CBORServingAndStorage: true };
const map = (name: string) =>
  encodeCbor({ kind: "ConfigMap", apiVersion: "v1", metadata: { name }, data: { k: "v" } });
const read = ({ bytes, headers }: Answered): Json => {
  assert.equal(headers["content-type"], TYPE);
  return decodeCbor(bytes);
};

test("a client that speaks CBOR creates, reads, lists, applies and deletes", async (t) => {
  const { ask } = await startHarness(t, { gates });
  const made = await ask("POST", PATH, map("a"), CBOR);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(read(made).data, { k: "v" });
  assert.deepEqual(
    (await ask("GET", `${PATH}/a`)).json,
    read(await ask("GET", `${PATH}/a`, undefined, CBOR)),
  );
  const list = read(await ask("GET", PATH, undefined, CBOR));
  assert.equal(list.kind, "ConfigMapList");
  assert.equal(list.items[0].metadata.name, "a");
  const table = read(await ask("GET", PATH, undefined, { accept: `${TYPE};as=Table;g=meta.k8s.io;v=v1` }));
  assert.equal(table.rows.length, 1);
  const applied = await ask(
    "PATCH",
    `${PATH}/b?fieldManager=me`,
    encodeCbor({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "b" }, data: { own: "1" } }),
    { "content-type": "application/apply-patch+cbor", accept: TYPE },
  );
  assert.equal(applied.status, 201);
  assert.equal(read(applied).metadata.managedFields[0].operation, "Apply");
  const none = await ask("GET", `${PATH}/none`, undefined, CBOR);
  assert.equal(none.status, 404);
  assert.equal(read(none).reason, "NotFound");
  const options = encodeCbor({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: "another" } });
  assert.equal((await ask("DELETE", `${PATH}/a`, options, CBOR)).status, 409);
  assert.equal((await ask("DELETE", `${PATH}/a`, undefined, CBOR)).status, 200);
});

test("bytes of secrets come as bytes or as base64", async (t) => {
  const { ask } = await startHarness(t, { gates });
  const body = Buffer.concat([
    // {"metadata": {"name": "s"}, "data": {"raw": 22(h'010203'), "text": "AQID"}}
    Buffer.from("a2", "hex"),
    Buffer.from(encodeCbor("metadata").subarray(3)),
    Buffer.from(encodeCbor({ name: "s" }).subarray(3)),
    Buffer.from(encodeCbor("data").subarray(3)),
    Buffer.from("a2", "hex"),
    Buffer.from(encodeCbor("raw").subarray(3)),
    Buffer.from("d643010203", "hex"),
    Buffer.from(encodeCbor("text").subarray(3)),
    Buffer.from(encodeCbor("AQID").subarray(3)),
  ]);
  const { status, bytes } = await ask("POST", "/api/v1/namespaces/default/secrets", body, CBOR);
  assert.equal(status, 201);
  assert.deepEqual((decodeCbor(bytes) as Json).data, { raw: "AQID", text: "AQID" });
});

test("a watch in CBOR is a sequence of events", async (t) => {
  const { ask, clock, create } = await startHarness(t, { gates });
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" } });
  for (const [query, accept, types] of [
    ["timeoutSeconds=5", TYPE, ["ADDED"]],
    ["timeoutSeconds=5", "application/cbor-seq", ["ADDED"]],
    [
      "timeoutSeconds=5&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
      TYPE,
      ["ADDED", "BOOKMARK"],
    ],
    ["timeoutSeconds=5", `${TYPE};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`, ["ADDED"]],
  ] as const) {
    const asking = ask("GET", `${PATH}?watch=1&${query}`, undefined, { accept });
    await clock.advance(6000);
    const { bytes, headers } = await asking;
    assert.equal(headers["content-type"], "application/cbor-seq");
    const marker = Buffer.from("d9d9f7", "hex");
    const events: Json[] = [];
    for (let start = 0; start < bytes.length;) {
      const next = bytes.indexOf(marker, start + 3);
      const end = next < 0 ? bytes.length : next;
      events.push(decodeCbor(bytes.subarray(start, end)));
      start = end;
    }
    assert.deepEqual(
      events.map(({ type }) => type),
      types,
    );
    assert.equal(events[0].object.metadata.name, "a");
  }
});

test("what is no CBOR, or holds a field twice, is refused; unknown fields are told", async (t) => {
  const { ask } = await startHarness(t, { gates });
  const twice = Buffer.concat([Buffer.from("a2", "hex"), ...[1, 2].map(() => Buffer.from("4161f6", "hex"))]);
  for (const [body, message] of [
    [twice, /found duplicate map key "a"/],
    [Buffer.from("a1", "hex"), /unexpected EOF/],
    [Buffer.from("f6", "hex"), /couldn't get version\/kind/],
  ] as const) {
    const { status, bytes } = await ask("POST", PATH, body, CBOR);
    assert.equal(status, 400);
    assert.match((decodeCbor(bytes) as Json).message, message);
  }
  const strange = encodeCbor({ metadata: { name: "x" }, spec: 1 });
  const strict = await ask("POST", `${PATH}?fieldValidation=Strict`, strange, CBOR);
  assert.match((decodeCbor(strict.bytes) as Json).message, /strict decoding error: unknown field "spec"/);
});

test("without its gate nobody speaks it", async (t) => {
  const { ask } = await startHarness(t);
  const sent = await ask("POST", PATH, map("a"), { "content-type": TYPE });
  assert.equal(sent.status, 415);
  assert.equal(
    sent.json.message,
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
  const patched = await ask("PATCH", `${PATH}/a`, map("a"), {
    "content-type": "application/apply-patch+cbor",
  });
  assert.equal(patched.status, 415);
  const asked = await ask("GET", PATH, undefined, { accept: TYPE });
  assert.equal(asked.status, 406);
  assert.equal(
    asked.json.message,
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
  assert.equal((await ask("GET", PATH, undefined, { accept: `${TYPE}, application/json` })).status, 200);
  assert.equal((await ask("GET", `${PATH}?watch=1`, undefined, { accept: TYPE })).status, 406);
});
