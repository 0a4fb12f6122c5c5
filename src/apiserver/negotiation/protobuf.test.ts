import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { DeleteOptions } from "#api/meta-v1/options";
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
