import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { DeleteOptions } from "#api/meta-v1/options";
import { listSchema } from "#api/registry";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope, readWatchEvent, wrapEnvelope } from "#machinery/protobuf-envelope";
import { startHarness } from "../harness.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const TYPE = "application/vnd.kubernetes.protobuf";
const PROTOBUF = { "content-type": TYPE, accept: TYPE };
const config = (name: string) =>
  wrapEnvelope(ConfigMap, encodeProtobuf(ConfigMap.schema, { metadata: { name }, data: { k: "v" } }));
const read = (bytes: Uint8Array) => decodeProtobuf<ConfigMap>(ConfigMap, readEnvelope(bytes).raw);

test("a client that speaks protobuf creates, reads, lists, and deletes", async (t) => {
  const { ask } = await startHarness(t);
  const made = await ask("POST", PATH, config("a"), PROTOBUF);
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers["content-type"], TYPE);
  assert.equal(read(made.bytes).metadata.name, "a");
  assert.deepEqual((await ask("GET", `${PATH}/a`)).json.data, { k: "v" });
  const list = await ask("GET", PATH, undefined, PROTOBUF);
  assert.equal(readEnvelope(list.bytes).kind, "ConfigMapList");
  const none = await ask("GET", `${PATH}/none`, undefined, PROTOBUF);
  assert.equal(readEnvelope(none.bytes).kind, "Status");
  const options = { apiVersion: "v1", kind: "DeleteOptions" };
  const body = wrapEnvelope(options, encodeProtobuf(DeleteOptions, { preconditions: { uid: "another" } }));
  assert.equal((await ask("DELETE", `${PATH}/a`, body, PROTOBUF)).status, 409);
  const garbage = await ask("POST", PATH, Uint8Array.of(1, 2, 3), PROTOBUF);
  assert.equal(garbage.status, 400);
});

test("a watch in protobuf is made of frames", async (t) => {
  const { ask, clock, create } = await startHarness(t);
  await create(ConfigMap, { metadata: { name: "a", namespace: "default" } });
  const asking = ask("GET", `${PATH}?watch=1&timeoutSeconds=5`, undefined, {
    accept: `${TYPE};stream=watch`,
  });
  await clock.advance(6000);
  const { bytes, headers } = await asking;
  assert.equal(headers["content-type"], `${TYPE};stream=watch`);
  const length = bytes.readUInt32BE(0);
  const event = readWatchEvent(bytes.subarray(4, 4 + length));
  assert.equal(event.type, "ADDED");
  assert.equal(read(event.object).metadata.name, "a");
});

test("a list is what one that was encoded as a whole would be, the first time and when it is kept", async (t) => {
  const { ask, create } = await startHarness(t);
  for (let index = 0; index < 300; index++) {
    const text = `${index} `.repeat(index === 7 ? 50_000 : 40);
    const metadata = { name: `map-${index + 1000}`, namespace: "default" };
    await create(ConfigMap, { metadata, data: { text } });
  }
  const lister = async (query: string) => (await ask("GET", `${PATH}?${query}`, undefined, PROTOBUF)).bytes;
  const whole = async (query: string) => {
    const { items, metadata } = (await ask("GET", `${PATH}?${query}`)).json as {
      readonly items: readonly object[];
      readonly metadata: object;
    };
    const list = { apiVersion: "v1", kind: "ConfigMapList" };
    return Buffer.from(
      wrapEnvelope(list, encodeProtobuf(listSchema(ConfigMap as never), { metadata, items })),
    );
  };
  for (const query of ["", "", "limit=3", "labelSelector=none"]) {
    assert.ok((await lister(query)).equals(await whole(query)), query);
  }
  const changed = { data: { text: "new" } };
  assert.equal((await ask("PATCH", `${PATH}/map-1005`, changed)).status, 200);
  assert.ok((await lister("")).equals(await whole("")), "after a change");
  const one = await ask("GET", `${PATH}/map-1005`, undefined, PROTOBUF);
  assert.deepEqual(read(one.bytes).data, changed.data);
});
