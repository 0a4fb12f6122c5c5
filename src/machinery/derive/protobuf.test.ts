import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bigint64,
  bool,
  bytes,
  double,
  duration,
  inline,
  int32,
  int64,
  intOrString,
  json,
  lazy,
  list,
  listOf,
  map,
  microTime,
  quantity,
  rawBytes,
  ref,
  string,
  struct,
  type Struct,
  type StructOf,
  time,
  uint32,
  uint64,
  value,
  wrappedList,
} from "../schema.ts";
import { decodeJson } from "./json.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf.ts";

const Inner = struct("test.v1.Inner", { name: string(1), on: bool(2).pointer() });
interface Tree {
  readonly name?: string;
  readonly children?: readonly Tree[];
}
const Tree: StructOf<Tree> = struct("test.v1.Tree", {
  name: string(1),
  children: list(
    2,
    lazy<Tree>((): Struct => Tree),
  ),
});

const hex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

test("the bytes of every type", () => {
  const cases: [string, Struct, object, string][] = [
    ["zero values are written", struct("t.a", { s: string(1), n: int32(2), b: bool(3) }), {}, "0a0010001800"],
    ["pointers are not", struct("t.b", { s: string(1).pointer(), n: int32(2).pointer() }), {}, ""],
    ["zero behind a pointer is", struct("t.c", { n: int32(2).pointer() }), { n: 0 }, "1000"],
    ["in order of tags", struct("t.d", { b: int32(2), a: int32(1) }), { a: 1, b: 2 }, "08011002"],
    ["negative int32", struct("t.e", { n: int32(1) }), { n: -1 }, "08ffffffffffffffffff01"],
    ["int64", struct("t.f", { n: int64(1) }), { n: 2 ** 40 }, "08808080808020"],
    ["large int64", struct("t.g", { n: int64(1) }), { n: 2n ** 62n }, "08808080808080808040"],
    ["smallest int64", struct("t.h", { n: int64(1) }), { n: -(2n ** 63n) }, "0880808080808080808001"],
    ["uint64", struct("t.i", { n: uint64(1) }), { n: 2n ** 64n - 1n }, "08ffffffffffffffffff01"],
    ["uint32", struct("t.j", { n: uint32(1) }), { n: 2 ** 32 - 1 }, "08ffffffff0f"],
    ["bigint64", struct("t.k", { n: bigint64(1) }), { n: 5n }, "0805"],
    ["double", struct("t.l", { n: double(1) }), { n: 1.5 }, "09000000000000f83f"],
    ["text", struct("t.m", { s: string(1) }), { s: "é" }, "0a02c3a9"],
    ["bytes", struct("t.n", { b: bytes(1) }), { b: "AQI=" }, "0a020102"],
    ["no bytes", struct("t.o", { b: bytes(1) }), {}, ""],
    ["raw bytes", struct("t.p", { b: rawBytes(1) }), { b: Uint8Array.of(1, 2) }, "0a020102"],
    ["quantity", struct("t.q", { q: quantity(1).pointer() }), { q: "1Gi" }, "0a050a03314769"],
    ["number", struct("t.r", { p: intOrString(1).pointer() }), { p: 80 }, "0a06080010501a00"],
    ["name", struct("t.s", { p: intOrString(1).pointer() }), { p: "x" }, "0a07080110001a0178"],
    ["time", struct("t.t", { t: time(1) }), { t: "1970-01-01T00:00:05Z" }, "0a0408051000"],
    ["no time", struct("t.u", { t: time(1) }), {}, "0a00"],
    [
      "micro time",
      struct("t.v", { t: microTime(1) }),
      { t: "1970-01-01T00:00:05.000001Z" },
      "0a05080510e807",
    ],
    ["duration", struct("t.w", { d: duration(1) }), { d: "1µs" }, "0a0308e807"],
    ["json", struct("t.x", { j: json(1).pointer() }), { j: { a: 1 } }, "0a090a077b2261223a317d"],
    ["struct", struct("t.y", { i: value(1, Inner) }), { i: {} }, "0a020a00"],
    [
      "struct behind a pointer",
      struct("t.z", { i: ref(1, Inner) }),
      { i: { name: "a", on: false } },
      "0a050a01611000",
    ],
    ["inlined", struct("t.aa", { i: inline(1, Inner), z: string(2).pointer() }), { name: "a" }, "0a030a0161"],
    ["list", struct("t.ab", { l: list(1, string) }), { l: ["a", ""] }, "0a01610a00"],
    [
      "list of structs",
      struct("t.ac", { l: list(1, Inner) }),
      { l: [{ name: "a" }, {}] },
      "0a030a01610a020a00",
    ],
    ["wrapped list", struct("t.ad", { l: wrappedList(1, string) }), { l: ["a"] }, "0a030a0161"],
    [
      "map, sorted",
      struct("t.ae", { m: map(1, string) }),
      { m: { b: "2", a: "1" } },
      "0a060a01611201310a060a0162120132",
    ],
    [
      "map of lists",
      struct("t.af", { m: map(1, listOf(string)) }),
      { m: { a: ["x"] } },
      "0a080a016112030a0178",
    ],
    ["map of bytes", struct("t.ag", { m: map(1, bytes) }), { m: { a: "" } }, "0a050a01611200"],
  ];
  for (const [name, schema, object, expected] of cases) {
    const data = encodeProtobuf(schema, object);
    assert.equal(hex(data), expected, name);
    assert.deepEqual(decodeProtobuf(schema, data), decodeJson(schema, object), `${name}, back`);
  }
});

test("a long message with all lengths of varint", () => {
  const schema = struct("t.long", { l: list(1, Inner), s: string(2) });
  const object = {
    l: Array.from({ length: 300 }, (_, i) => ({ name: "x".repeat(i * 10) })),
    s: "ü".repeat(100_000),
  };
  assert.deepEqual(decodeProtobuf(schema, encodeProtobuf(schema, object)), decodeJson(schema, object));
});

test("numbers may come packed or one by one", () => {
  const schema = struct("t.packed", { l: list(1, int32), u: list(2, bigint64) });
  assert.deepEqual(decodeProtobuf(schema, unhex("0a03010203080412020506")), { l: [1, 2, 3, 4], u: [5n, 6n] });
});

test("unknown fields are skipped", () => {
  const schema = struct("t.known", { s: string(2) });
  assert.deepEqual(decodeProtobuf(schema, unhex("080112016b1a01612100000000000000002d00000000")), { s: "k" });
});

test("the last value counts, absent map values are zero", () => {
  const schema = struct("t.last", { s: string(1), m: map(2, string) });
  assert.deepEqual(decodeProtobuf(schema, unhex("0a01610a016212030a0178")), { s: "b", m: { x: "" } });
});

test("broken bytes are an error, wherever they break", () => {
  const schema = struct("t.broken", {
    s: string(1),
    i: ref(2, Inner),
    n: int64(3),
    d: double(4),
    m: map(5, string),
  });
  const whole = encodeProtobuf(schema, { s: "text", i: { name: "a" }, n: 2 ** 40, d: 1, m: { a: "b" } });
  for (let length = 1; length < whole.length; length++) {
    try {
      decodeProtobuf(schema, whole.subarray(0, length));
    } catch (error) {
      assert.equal((error as Error).name, "ProtobufError", `${length} bytes`);
    }
  }
  const cases = ["0a05", "0aff", "0affffffff0f00", "0b", "18ffffffffffffffffffff01", "12030a0561"];
  for (const text of cases)
    assert.throws(() => decodeProtobuf(schema, unhex(text)), { name: "ProtobufError" }, text);
});

test("random bytes never do harm", () => {
  const schema = struct("t.random", {
    t: time(1),
    q: quantity(2),
    j: json(3),
    m: map(4, Tree),
    p: intOrString(5),
    d: duration(6),
  });
  let state = 1;
  for (let round = 0; round < 2000; round++) {
    const data = Uint8Array.from({ length: 24 }, () => (state = (state * 48_271) % 2_147_483_647) & 0x3f);
    try {
      decodeProtobuf(schema, data);
    } catch (error) {
      assert.equal((error as Error).name, "ProtobufError", hex(data));
    }
  }
});

test("a message as deep as the stack is an error, not an end", () => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let depth = 0; depth < 60_000; depth++) {
    const head: number[] = [0x12];
    for (let rest = size; ; rest >>>= 7) {
      head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    pieces.push(Uint8Array.from(head));
    size += head.length;
  }
  const data = Uint8Array.from(pieces.toReversed().flatMap((piece) => [...piece]));
  assert.throws(() => decodeProtobuf(Tree, data), { name: "ProtobufError" });
});

test("keys of Object.prototype are plain keys", () => {
  const schema = struct("t.proto", { m: map(1, string) });
  const { m } = decodeProtobuf<{ m: object }>(
    schema,
    encodeProtobuf(schema, { m: JSON.parse('{"__proto__":"x"}') as object }),
  );
  assert.deepEqual(Object.entries(m), [["__proto__", "x"]]);
  assert.equal(Object.getPrototypeOf(m), Object.prototype);
});
