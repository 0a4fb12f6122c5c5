import assert from "node:assert/strict";
import { test } from "node:test";
import { Namespace } from "#api/core-v1/namespace";
import { listSchema } from "#api/registry";
import { decodeJson } from "./derive/json.ts";
import { decodeProtobuf, decodeProtobufList, encodeProtobuf } from "./derive/protobuf.ts";
import {
  concat,
  isEnvelope,
  itemHeadLength,
  LIST_END,
  listHead,
  readEnvelope,
  readWatchEvent,
  watchFrame,
  wrapEnvelope,
  writeItemHead,
} from "./protobuf-envelope.ts";

const namespace = (name: string) => decodeJson<Namespace>(Namespace, { metadata: { name } });

test("an envelope keeps the kind and the message", () => {
  const raw = encodeProtobuf(Namespace, namespace("a"));
  const bytes = wrapEnvelope(Namespace, raw);
  assert.equal(isEnvelope(bytes), true);
  const { apiVersion, kind, raw: found } = readEnvelope(bytes);
  assert.deepEqual([apiVersion, kind], ["v1", "Namespace"]);
  assert.deepEqual(decodeProtobuf(Namespace, found), namespace("a"));
  assert.throws(
    () => readEnvelope(new TextEncoder().encode("{}")),
    /does not appear to be a protobuf message/,
  );
  assert.throws(() => readEnvelope(bytes.subarray(0, 10)), { name: "ProtobufError" });
});

test("a list is spliced from encoded items", () => {
  const objects = ["a", "b".repeat(200), "c".repeat(20_000)].map(namespace);
  const items = objects.map((object) => encodeProtobuf(Namespace, object));
  const metadata = Uint8Array.of(0x12, 2, 0x31, 0x32);
  const parts = items.flatMap((item) => {
    const head = new Uint8Array(itemHeadLength(item));
    assert.equal(writeItemHead(item, head, 0), head.length);
    return [head, item];
  });
  const list = { apiVersion: "v1", kind: "NamespaceList" };
  const bytes = concat([listHead(list, metadata, items), ...parts, LIST_END]);
  const { kind, raw } = readEnvelope(bytes);
  assert.equal(kind, "NamespaceList");
  assert.deepEqual(decodeProtobufList(Namespace, listSchema(Namespace as never), raw), {
    kind: "NamespaceList",
    apiVersion: "v1",
    metadata: { resourceVersion: "12" },
    items: objects,
  });
});

test("a watch event is a frame with its length in front", () => {
  const object = wrapEnvelope(Namespace, encodeProtobuf(Namespace, namespace("a")));
  const frame = watchFrame("ADDED", object);
  assert.equal(new DataView(frame.buffer).getUint32(0), frame.length - 4);
  const event = readWatchEvent(frame.subarray(4));
  assert.equal(event.type, "ADDED");
  assert.deepEqual(decodeProtobuf(Namespace, readEnvelope(event.object).raw), namespace("a"));
});
