import assert from "node:assert/strict";
import { test } from "node:test";
import {
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
  ref,
  string,
  struct,
  type Struct,
  type StructOf,
  time,
  value,
} from "../schema.ts";
import { decodeJson, strictDecodingText } from "./json.ts";

const Handler = struct("test.v1.Handler", { command: string(1), port: intOrString(2).always() });
const Inner = struct("test.v1.Inner", {
  name: string(1).required(),
  enabled: bool(2).pointer(),
  amount: quantity(3),
});
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
const Spec = struct("test.v1.Spec", {
  replicas: int32(1).pointer(),
  count: int64(2),
  ratio: double(3),
  paused: bool(4),
  inner: value(5, Inner),
  other: ref(6, Inner),
  items: list(7, Inner).required(),
  tags: list(8, string),
  labels: map(9, string),
  limits: map(10, quantity),
  extra: map(11, listOf(string)),
  data: map(12, bytes),
  at: time(13),
  seen: microTime(14).pointer(),
  started: time(15).orNull(),
  every: duration(16).pointer(),
  raw: json(17),
  handler: inline(18, Handler),
  secret: string(19).hidden(),
  tree: ref(20, Tree),
});
const Sample = struct("test.v1.Sample", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  spec: value(2, Spec),
});

const EMPTY = { inner: { name: "" }, items: [], started: null, port: 0 };
const decodeSpec = (spec: unknown): unknown => decodeJson<{ spec: unknown }>(Sample, { spec }).spec;

test("members: what is kept, dropped, filled in and normalised", () => {
  const cases: [string, object, object][] = [
    ["nothing", {}, EMPTY],
    ["null means absent", { replicas: null, inner: null, items: null, labels: null }, EMPTY],
    ["zero values go", { count: 0, ratio: 0, paused: false, tags: [], labels: {}, limits: {} }, EMPTY],
    ["zero pointers stay", { replicas: 0, other: {} }, { replicas: 0, ...EMPTY, other: { name: "" } }],
    ["large integers", { count: 9007199254740993n }, { count: 9007199254740993n, ...EMPTY }],
    [
      "quantities",
      { limits: { cpu: "0.5", memory: 1024 } },
      { ...EMPTY, limits: { cpu: "500m", memory: "1024" } },
    ],
    ["map order", { labels: { b: "2", a: "1" } }, { ...EMPTY, labels: { a: "1", b: "2" } }],
    [
      "null in maps and lists",
      { labels: { a: null }, items: [null] },
      { ...EMPTY, labels: { a: "" }, items: [{ name: "" }] },
    ],
    ["lists in maps", { extra: { a: ["x"], b: null } }, { ...EMPTY, extra: { a: ["x"], b: [] } }],
    ["times", { at: "2024-01-01T01:00:00.5+01:00" }, { ...EMPTY, at: "2024-01-01T00:00:00Z" }],
    [
      "micro times",
      { seen: "2024-01-01T00:00:00.000001Z" },
      { ...EMPTY, seen: "2024-01-01T00:00:00.000001Z" },
    ],
    ["durations", { every: "90s" }, { ...EMPTY, every: "90s" }],
    ["bytes", { data: { a: "aGk=", b: "aG\nk=" } }, { ...EMPTY, data: { a: "aGk=", b: "aGk=" } }],
    ["any JSON", { raw: { a: [1, null] } }, { ...EMPTY, raw: { a: [1, null] } }],
    ["inlined members", { command: "x", port: "http" }, { ...EMPTY, command: "x", port: "http" }],
    ["hidden members are unknown", { secret: "x" }, EMPTY],
    [
      "lazy",
      { tree: { children: [{ name: "a" }, { children: [] }] } },
      { ...EMPTY, tree: { children: [{ name: "a" }, {}] } },
    ],
  ];
  for (const [name, given, expected] of cases) assert.deepEqual(decodeSpec(given), expected, name);
});

test("members stand in schema order", () => {
  const spec = decodeSpec({
    port: 1,
    tags: ["a"],
    items: [{ amount: "1", name: "n" }],
    replicas: 1,
  }) as object;
  assert.equal(
    JSON.stringify(spec),
    '{"replicas":1,"inner":{"name":""},"items":[{"name":"n","amount":"1"}],"tags":["a"],"started":null,"port":1}',
  );
});

test("a canonical object comes back itself; a changed part is the only copy", () => {
  const first = decodeJson<{ spec: { inner: object } }>(Sample, {
    kind: "Sample",
    apiVersion: "test/v1",
    spec: { inner: { name: "a" } },
  });
  assert.equal(decodeJson(Sample, first), first);
  const changed = { ...first, spec: { ...first.spec, limits: { cpu: "1000m" } } };
  const decoded = decodeJson<typeof changed>(Sample, changed);
  assert.deepEqual(decoded.spec.limits, { cpu: "1" });
  assert.equal(decoded.spec.inner, first.spec.inner);
});

test("unknown fields are dropped, and told with their path", () => {
  const told: string[] = [];
  const given = {
    kind: "Sample",
    top: 1,
    spec: { nope: 1, items: [{ name: "a", foo: 2 }], limits: { foo: "1" }, other: { bar: 3 } },
  };
  const decoded = decodeJson(Sample, given, (path) => told.push(path));
  assert.deepEqual(told, ["top", "spec.nope", "spec.items[0].foo", "spec.other.bar"]);
  assert.equal(JSON.stringify(decoded).includes('foo":2'), false);
  assert.equal(
    strictDecodingText(['unknown field "top"', 'duplicate field "a"']),
    'strict decoding error: unknown field "top", duplicate field "a"',
  );
});

test("wrong types get Go's words", () => {
  const field = (path: string, of = "Spec") => `Go struct field ${of}.${path}`;
  const cases: [unknown, string][] = [
    [{ replicas: "x" }, `json: cannot unmarshal string into ${field("spec.replicas")} of type int32`],
    [{ replicas: 1.5 }, `json: cannot unmarshal number 1.5 into ${field("spec.replicas")} of type int32`],
    [
      { replicas: 2 ** 31 },
      `json: cannot unmarshal number 2147483648 into ${field("spec.replicas")} of type int32`,
    ],
    [
      { count: 2n ** 63n },
      `json: cannot unmarshal number 9223372036854775808 into ${field("spec.count")} of type int64`,
    ],
    [{ paused: "true" }, `json: cannot unmarshal string into ${field("spec.paused")} of type bool`],
    [{ items: {} }, `json: cannot unmarshal object into ${field("spec.items")} of type []v1.Inner`],
    [
      { items: [{ name: 1 }] },
      `json: cannot unmarshal number into ${field("spec.items.name", "Inner")} of type string`,
    ],
    [{ labels: { a: true } }, `json: cannot unmarshal bool into ${field("spec.labels")} of type string`],
    [{ labels: [] }, `json: cannot unmarshal array into ${field("spec.labels")} of type map[string]string`],
    [{ other: "x" }, `json: cannot unmarshal string into ${field("spec.other")} of type v1.Inner`],
    [{ port: true }, "json: cannot unmarshal bool into Go value of type int32"],
    [
      { limits: { cpu: "1x" } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ at: "x" }, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    [{ every: "5" }, 'time: missing unit in duration "5"'],
    [{ data: { a: "aG!=" } }, "illegal base64 data at input byte 2"],
  ];
  for (const [given, message] of cases) assert.throws(() => decodeSpec(given), { message }, message);
  assert.throws(() => decodeJson(Sample, []), {
    message: "json: cannot unmarshal array into Go value of type v1.Sample",
  });
});

test("keys of Object.prototype do no harm", () => {
  const given = JSON.parse(
    '{"spec":{"__proto__":{"polluted":1},"labels":{"__proto__":null,"constructor":"x","b":"1","a":"2"}}}',
  ) as unknown;
  const told: string[] = [];
  const { spec } = decodeJson<{ spec: { labels: object } }>(Sample, given, (path) => told.push(path));
  assert.deepEqual(told, ["spec.__proto__"]);
  assert.deepEqual(Object.keys(spec.labels), ["__proto__", "a", "b", "constructor"]);
  assert.equal(Object.getPrototypeOf(spec.labels), Object.prototype);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("a value as deep as the stack is an error, not an end", () => {
  let tree: unknown = {};
  for (let depth = 0; depth < 200_000; depth++) tree = { children: [tree] };
  assert.throws(() => decodeSpec({ tree }), { message: "exceeded max depth" });
});

test("structs that keep what they do not know", () => {
  const Open = struct("test.v1.Open", { b: string(1), a: int32(2) }, { preserveUnknown: true });
  assert.equal(
    JSON.stringify(decodeJson(Open, { z: 1, a: 2, y: { q: null }, b: "x" })),
    '{"b":"x","a":2,"y":{"q":null},"z":1}',
  );
});

test("members of any name", () => {
  const Odd = struct("test.v1.Odd", { 'a"b\\': string(1), ["__proto__"]: string(2), "x-y": int32(3) });
  const given = JSON.parse('{"x-y":1,"__proto__":"p","a\\"b\\\\":"q"}') as unknown;
  assert.deepEqual(Object.entries(decodeJson<object>(Odd, given)).toSorted(), [
    ["__proto__", "p"],
    ['a"b\\', "q"],
    ["x-y", 1],
  ]);
});
