/** Malformed and odd requests. The same seed gives the same ones. */
import type { Random } from "#base/random";
import { fuzzObject } from "#machinery/derive/fuzz";
import { encodeProtobuf } from "#machinery/derive/protobuf";
import { wrapEnvelope } from "#machinery/protobuf-envelope";
import type { Resource } from "#machinery/schema";
import { VALID, VALID_CLUSTER } from "./objects.ts";
import { FUZZED, KEPT, OWN_NAMES } from "./target.ts";

export interface OddRequest {
  readonly over: "h1" | "h2";
  readonly method: string;
  /** With query, as it stands on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
  /** Given up half-way: the connection or stream is reset after the headers and half of the body. */
  readonly abort: boolean;
}

export interface RawBytes {
  readonly over: "raw";
  /** Written one after the other. */
  readonly pieces: readonly Uint8Array[];
  /** What is asked for, for the report. */
  readonly what: string;
}

const text = new TextEncoder();
const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;
const chance = (random: Random, share: number): boolean => random.next() < share;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const ODD_METHODS = ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "MKCOL", "QUERY"];
const ODD_TEXTS = [
  "",
  " ",
  ".",
  "..",
  "../../etc/passwd",
  "%2e%2e",
  "%2F",
  "a%2Fb",
  "%00",
  "%",
  "%zz",
  "%c3%28",
  "%ed%a0%80",
  "\u00fc",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "-",
  "A",
  "a".repeat(300),
  "0",
  "-1",
  "1e400",
  "9007199254740993",
  "99999999999999999999",
  "null",
  "true",
  "kept",
  "map",
  "pod",
  "kept%2Fsecret",
  "a:b",
  "https:pod:80",
  "*",
];
const ODD_JSON = [
  "",
  "null",
  "[]",
  "{}",
  "0",
  "true",
  '"',
  "{",
  "[",
  '{"a":',
  '{"kind":1}',
  '{"kind":"Pod"',
  "{}{}",
  "{} x",
  "\u0000",
  "\ufeff{}",
  '{"apiVersion":"v1","apiVersion":"v2","kind":"ConfigMap"}',
  '{"__proto__":{"polluted":1}}',
  '{"metadata":{"__proto__":{"polluted":true},"name":"a"}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"metadata":{"name":"\\ud800"}}',
  '{"metadata":{"labels":{"a":"\\udfff"}}}',
  '{"a":1e999}',
  '{"a":-0}',
  '{"a":01}',
  '{"a":NaN}',
  '{"a":9007199254740993}',
  '{"a":123456789012345678901234567890}',
  '{"a":"\u0001"}',
  '{"kind":null,"apiVersion":null}',
];
const TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
  "application/cbor",
  "text/plain",
  "",
  "application/json; charset=utf-16",
  "application/json;;;",
  "*/*",
  "x",
  ",",
  "APPLICATION/JSON",
];
const ACCEPTS = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "*/*",
  "",
  "text/html",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/json;as=Nonsense;v=v1;g=meta.k8s.io",
  "application/json;q=0",
  ",,,",
  ";",
  "application/vnd.kubernetes.protobuf;stream=watch",
  "application/cbor",
  "application/json;as=PartialObjectMetadata;g=__proto__;v=v1",
  "application/*",
  "a/b;q=NaN",
  "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
  "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
];
const QUERY_VALUES: Readonly<Record<string, readonly string[]>> = {
  limit: ["0", "1", "-1", "abc", "1e3", "99999999999999999999", "1.5", ""],
  continue: [
    "",
    "x",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi8ifQ",
    "eyJ9",
    "%00",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9",
    "bnVsbA",
    "W10",
  ],
  resourceVersion: ["", "0", "1", "-1", "abc", "99999999", "18446744073709551616", "1.5", "01"],
  resourceVersionMatch: ["", "Exact", "NotOlderThan", "x"],
  labelSelector: [
    "a=b",
    "a in (",
    "a in (b,c),!d",
    "a=b=c",
    ",",
    "!",
    "a notin ()",
    "x>1",
    "a==",
    "__proto__=1",
    "((((((",
    "a in (" + "b,".repeat(500) + ")",
    "ü=1",
    "a=" + "b".repeat(100),
  ],
  fieldSelector: [
    "metadata.name=kept",
    "metadata.name",
    "a=b",
    "spec.nodeName=",
    "metadata.name!=a,metadata.namespace=b",
    "=",
    "\\",
    "a=\\",
    "__proto__=a",
    "metadata.name=a,metadata.name=b",
    "status.phase=Running",
  ],
  watch: ["", "true", "1", "false", "x", "0"],
  allowWatchBookmarks: ["true", "x"],
  sendInitialEvents: ["true", "false", "x"],
  timeoutSeconds: ["0", "1", "-1", "x", "99999999999", "1.5"],
  timeout: ["1s", "0s", "-1s", "x", "1ms", "10000h", "5"],
  dryRun: ["All", "all", "", "x", "All&dryRun=All"],
  fieldManager: ["", "me", "a".repeat(129), "%01", "a".repeat(2000), "%F0%9F%92%A9"],
  fieldValidation: ["Strict", "Warn", "Ignore", "x", ""],
  force: ["true", "false", "x", ""],
  pretty: ["true", "1", "", "x"],
  gracePeriodSeconds: ["0", "-1", "x", "99999999999999999999", "1.5"],
  propagationPolicy: ["Foreground", "Background", "Orphan", "x", ""],
  orphanDependents: ["true", "x"],
  ignoreStoreReadErrorWithClusterBreakingPotential: ["true"],
  includeObject: ["None", "Metadata", "Object", "x"],
  container: ["", "web", "../../x", "%00"],
  command: ["sh", "%00", ""],
  stdin: ["true", "x"],
  stdout: ["true", "1"],
  tailLines: ["-1", "x", "1", "99999999999999999999"],
  sinceTime: ["x", "2020-01-01T00:00:00Z"],
  sinceSeconds: ["1", "0", "1.5"],
  ports: ["80", "-1", "x", "70000"],
  path: ["/", "/../", "//other.test/", "@other.test"],
  "": ["x", "="],
  "%": ["%zz"],
  __proto__x: ["1"],
};
const SUBRESOURCES = [
  "status",
  "scale",
  "log",
  "exec",
  "attach",
  "portforward",
  "proxy",
  "proxy/",
  "proxy/a/../../b",
  "proxy/%2e%2e/x",
  "binding",
  "eviction",
  "token",
  "finalize",
  "approval",
  "ephemeralcontainers",
  "resize",
  "status/status",
  "x",
  "__proto__",
  "constructor",
  "status%2Fx",
  "proxy//other.test/",
  "metrics/proxy",
];
const PATHS = [
  "/",
  "//",
  "/api",
  "/api/",
  "/apis",
  "/apis/",
  "/api/v1",
  "/api/v2",
  "/apis/apps",
  "/apis/apps/v1",
  "/apis/x/y",
  "/apis/apps/v1/",
  "/version",
  "/metrics",
  "/healthz",
  "/livez/store",
  "/livez/x",
  "/readyz?verbose",
  "/readyz?exclude=x",
  "/livez?exclude=__proto__",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/api/v1",
  "/openapi/v3/apis/apps/v1?hash=x",
  "/openapi/v3/__proto__",
  "/.well-known/openid-configuration",
  "/openid/v1/jwks",
  "/debug/pprof",
  "/api/v1/%2e%2e/secrets",
  "/api/v1/../../etc",
  "/api//v1/pods",
  "/api/v1//pods",
  "/api/v1/namespaces//pods",
  "/api/v1/namespaces/kept/../fuzz/secrets",
  "/api/v1/namespaces/fuzz%2F..%2Fkept/secrets",
  "/api/v1/namespaces/fuzz/secrets/..%2Fkept%2Fsecret",
  "/api/v1/watch",
  "/api/v1/watch/pods",
  "/api/v1/watch/namespaces/kept/secrets/secret",
  "/api/v1/proxy/namespaces/kept/pods/pod",
  "/api/v1/%00",
  "/api/v1/namespaces/%ff",
  "/apis/__proto__/v1/pods",
  "/api/__proto__/pods",
  "/apis/constructor/prototype/x",
  "*",
  "/a?b?c",
  "/api/v1/pods#x",
  "/api/v1/pods;a=b",
  "/" + "a".repeat(20_000),
  "/api/v1/namespaces/" + "n".repeat(8000) + "/pods",
  "/api/v1/" + "a/".repeat(2000),
  "/apis/apps/v1/namespaces/fuzz/deployments/x/scale/y",
  "http://other.test/api/v1/pods",
  "/api/v1/namespaces/default/services/https:kubernetes:443/proxy/",
];
const TOKENS = [
  "reader",
  "node",
  "",
  "x",
  "a.b.c",
  "eyJhbGciOiJub25lIn0.e30.",
  "a".repeat(5000),
  "abcdef.0123456789abcdef",
];

export function oddRequest(random: Random, kinds: readonly Resource[]): OddRequest | RawBytes {
  if (chance(random, 0.04)) return rawBytes(random);
  const kind = chance(random, 0.4) ? kindOf(pick(random, VALID), kinds) : pick(random, kinds);
  const method = chance(random, 0.05) ? pick(random, ODD_METHODS) : pick(random, METHODS);
  const gate = kind.group === "admissionregistration.k8s.io";
  const path = chance(random, 0.1) ? pick(random, PATHS) : pathOf(random, kind, method);
  const query = queryOf(random, gate);
  const withBody = (method !== "GET" && method !== "HEAD") || chance(random, 0.02);
  const body = withBody ? bodyOf(random, kind, method) : undefined;
  const over = chance(random, 0.25) || method === "TRACE" ? "h1" : "h2";
  const upgrade = over === "h1" && chance(random, 0.15) ? upgradeHeaders(random) : {};
  return {
    over,
    method,
    path: `${path}${query === "" ? "" : `${path.includes("?") ? "&" : "?"}${query}`}`,
    headers: { ...headersOf(random, method, body?.type, gate), ...upgrade },
    body: body?.bytes,
    abort: chance(random, 0.02),
  };
}

const kindOf = (
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  kinds: readonly Resource[],
): Resource => kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind)!;

function pathOf(random: Random, kind: Resource, method: string): string {
  const { group, version, plural, namespaced } = kind;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const namespace = chance(random, 0.05) ? pick(random, [KEPT, ...ODD_TEXTS]) : FUZZED;
  const inside =
    namespaced !== chance(random, 0.03) ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
  if (method === "POST" ? !chance(random, 0.25) : chance(random, 0.15)) return inside;
  const valid = VALID.find((each) => each.kind === kind.kind)?.metadata.name;
  const name = chance(random, 0.2)
    ? pick(random, ODD_TEXTS)
    : namespaced
      ? (valid ?? "none")
      : pick(random, [...OWN_NAMES, KEPT]);
  const named = `${inside}/${name}`;
  if (chance(random, 0.8)) return named;
  const own = Object.keys(kind.subresources);
  return `${named}/${chance(random, 0.5) && own.length > 0 ? pick(random, own) : pick(random, SUBRESOURCES)}`;
}

function queryOf(random: Random, gate: boolean): string {
  const parts: string[] = gate ? ["dryRun=All"] : [];
  const names = Object.keys(QUERY_VALUES);
  for (let count = chance(random, 0.6) ? 0 : 1 + random.below(3); count > 0; count--) {
    const name = pick(random, names);
    if (gate && name === "dryRun") continue;
    const value = chance(random, 0.1) ? pick(random, ODD_TEXTS) : pick(random, QUERY_VALUES[name]!);
    parts.push(`${name}=${/[%&]/.test(value) ? value : encodeURIComponent(value)}`);
  }
  return parts.join("&");
}

interface Body {
  readonly bytes: Uint8Array;
  readonly type: string | undefined;
}

function bodyOf(random: Random, kind: Resource, method: string): Body {
  const type = chance(random, 0.1) ? pick(random, TYPES) : undefined;
  if (chance(random, 0.07))
    return { bytes: text.encode(pick(random, ODD_JSON)), type: type ?? defaultType(random, method) };
  if (method === "PATCH") return patchOf(random, kind, type);
  if (method === "DELETE")
    return {
      bytes: text.encode(jsonOf(pick(random, DELETE_OPTIONS), random)),
      type: type ?? "application/json",
    };
  const object = objectOf(random, kind);
  const as = random.next();
  if (as < 0.15) return { bytes: broken(protobufOf(kind, object), random), type: type ?? TYPES[2] };
  if (as < 0.25) return { bytes: text.encode(jsonOf(object, random)), type: type ?? "application/yaml" };
  return { bytes: text.encode(brokenText(jsonOf(object, random), random)), type: type ?? "application/json" };
}

const defaultType = (random: Random, method: string): string =>
  method === "PATCH" ? pick(random, TYPES.slice(3, 8)) : "application/json";

const DELETE_OPTIONS: readonly unknown[] = [
  {},
  null,
  { gracePeriodSeconds: -1 },
  { gracePeriodSeconds: 0 },
  { gracePeriodSeconds: 2n ** 63n },
  { preconditions: { uid: "x" } },
  { preconditions: { resourceVersion: "1" } },
  { preconditions: null },
  { propagationPolicy: "x" },
  { orphanDependents: true, propagationPolicy: "Orphan" },
  { dryRun: ["All"] },
  { dryRun: ["x"] },
  { dryRun: "All" },
  { kind: "DeleteOptions", apiVersion: "v1" },
  { kind: "Pod", apiVersion: "v1" },
  { kind: "DeleteOptions", apiVersion: "apps/v1" },
  [],
  "x",
];

function objectOf(random: Random, kind: Resource): Record<string, unknown> {
  const valid = [...VALID, ...VALID_CLUSTER].find(
    (each) => each.kind === kind.kind && each.apiVersion === kind.apiVersion,
  );
  const { apiVersion } = kind;
  const base: Record<string, unknown> =
    valid && chance(random, 0.7)
      ? (structuredClone(valid) as Record<string, unknown>)
      : fuzzObject(kind.schema, random, pick(random, [0.05, 0.2, 0.5]));
  Object.assign(base, { apiVersion, kind: kind.kind });
  const metadata = base["metadata"];
  if (metadata && typeof metadata === "object" && !chance(random, 0.1)) {
    const own: Record<string, unknown> = {
      name: kind.namespaced ? (valid?.metadata.name ?? `n${random.below(20)}`) : pick(random, OWN_NAMES),
    };
    if (chance(random, 0.4)) own["name"] = `m${random.below(30)}`;
    if (chance(random, 0.05))
      Object.assign(own, { name: undefined, generateName: pick(random, ["g-", "", "G", "g".repeat(300)]) });
    Object.assign(metadata, own);
  }
  if (chance(random, 0.6)) return base;
  return mutated(base, random, 1 + random.below(4)) as Record<string, unknown>;
}

const ODD_VALUES: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => 0,
  () => -1,
  () => 1.5,
  () => 2 ** 31,
  () => 2n ** 53n + 1n,
  () => 2n ** 63n,
  () => 2n ** 64n,
  () => 10n ** 30n,
  () => true,
  () => "",
  () => "a".repeat(70_000),
  () => [],
  () => ({}),
  () => [null],
  () => [[]],
  () => ({ "": 1 }),
  () => "\ud800",
  () => "\u0000",
  () => "ü",
  () => JSON.parse('{"__proto__":{"polluted":1}}') as unknown,
  () => ({ constructor: { prototype: { polluted: 1 } } }),
  () => ({ toString: 1, valueOf: 2, hasOwnProperty: 3, toJSON: 4 }),
  () => deep(50),
  () => deep(1200),
  () => deepList(900),
  () => "1e1000000000",
  () => "999999999999999999999999999999Ei",
  () => "1".repeat(5000),
  () => "2020-13-45T99:99:99Z",
  () => "9".repeat(30),
  () => "../../etc",
  () => "*/0 * * * *",
  () => "@every 1ns",
  () => "((((a*)*)*)*)$",
  () => Array.from({ length: 2000 }, (_, index) => ({ name: `n${index}` })),
  () => Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, "v"])),
  () => -0,
  () => 1e300,
  () => "127.0.0.1",
  () => "fe80::1%eth0",
  () => "::ffff:1.2.3.4/130",
];

const deep = (levels: number): unknown => {
  let made: unknown = 1;
  for (let level = 0; level < levels; level++) made = { a: made };
  return made;
};
const deepList = (levels: number): unknown => {
  let made: unknown = 1;
  for (let level = 0; level < levels; level++) made = [made];
  return made;
};

const ODD_KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "a/b/c",
  "ü",
  "x".repeat(400),
  "kind",
  "metadata",
  "name",
  "0",
  "$patch",
  "$setElementOrder/a",
  "$deleteFromPrimitiveList/a",
  "$retainKeys",
];

function mutated(value: unknown, random: Random, times: number): unknown {
  let made = value;
  for (let time = 0; time < times; time++) made = mutatedOnce(made, random, 0);
  return made;
}

function mutatedOnce(value: unknown, random: Random, depth: number): unknown {
  const isParent = value !== null && typeof value === "object";
  if (!isParent || (depth > 0 && chance(random, 0.2))) return pick(random, ODD_VALUES)();
  if (Array.isArray(value)) {
    if (value.length === 0 || chance(random, 0.2))
      return [
        ...(value as unknown[]),
        value.length > 0 && chance(random, 0.5) ? value[0] : pick(random, ODD_VALUES)(),
      ];
    const at = random.below(value.length);
    return value.with(at, mutatedOnce(value[at], random, depth + 1));
  }
  const keys = Object.keys(value);
  const key = keys.length === 0 || chance(random, 0.15) ? pick(random, ODD_KEYS) : pick(random, keys);
  const before = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const made = { ...value };
  const changed = before === undefined ? pick(random, ODD_VALUES)() : mutatedOnce(before, random, depth + 1);
  Object.defineProperty(made, key, { value: changed, enumerable: true, writable: true, configurable: true });
  return made;
}

/** As JSON, with integers that no double holds, lone surrogates both ways, and now and then a key twice. */
function jsonOf(value: unknown, random: Random): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string")
    return chance(random, 0.02) ? `"${value.replace(/["\\\n]/g, "")}"` : JSON.stringify(value);
  if (value === null || value === undefined || typeof value !== "object")
    return JSON.stringify(value) ?? "null";
  if (value instanceof Uint8Array) return JSON.stringify(value.toBase64());
  if (Array.isArray(value)) return `[${value.map((each) => jsonOf(each, random)).join(",")}]`;
  const parts: string[] = [];
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    parts.push(`${JSON.stringify(key)}:${jsonOf(each, random)}`);
    if (chance(random, 0.002)) parts.push(parts.at(-1)!);
  }
  return `{${parts.join(",")}}`;
}

function brokenText(json: string, random: Random): string {
  if (!chance(random, 0.08)) return json;
  const at = random.below(json.length + 1);
  const piece = pick(random, [
    "",
    "}",
    "{",
    '"',
    ",",
    "\u0000",
    "\\",
    "\\u",
    "\\ud800",
    "//",
    "NaN",
    "1e",
    " ".repeat(1000),
    "[".repeat(20_000),
    '{"a":'.repeat(20_000),
  ]);
  return chance(random, 0.3)
    ? json.slice(0, at)
    : json.slice(0, at) + piece + json.slice(at + random.below(3));
}

function protobufOf(kind: Resource, object: object): Uint8Array {
  try {
    return wrapEnvelope(kind, encodeProtobuf(kind.schema, object));
  } catch {
    // A mutation that protobuf cannot say.
    return text.encode("k8s\u0000nonsense");
  }
}

function broken(bytes: Uint8Array, random: Random): Uint8Array {
  const how = random.next();
  if (how < 0.3) return bytes;
  if (how < 0.5) return bytes.slice(0, random.below(bytes.length));
  const made = bytes.slice();
  for (let flips = 1 + random.below(5); flips > 0; flips--)
    made[random.below(made.length)]! ^= 1 << random.below(8);
  return made;
}

const POINTERS = [
  "",
  "/",
  "/metadata",
  "/metadata/name",
  "/metadata/labels/a",
  "/spec",
  "/spec/containers/0",
  "/spec/containers/-",
  "/spec/containers/99",
  "/data",
  "/data/a",
  "/data/new",
  "/~",
  "/~2",
  "a",
  "/__proto__/polluted",
  "/constructor/prototype/polluted",
  "/metadata/managedFields",
  "/spec/replicas",
  "/a/b/c",
  "/spec/containers/00",
  "/spec/containers/-1",
  "/status",
  "/kind",
];

function patchOf(random: Random, kind: Resource, type: string | undefined): Body {
  const chosen =
    type ??
    pick(random, [
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  if (chosen === "application/json-patch+json") {
    const ops = Array.from({ length: chance(random, 0.02) ? 12_000 : random.below(6) }, () => ({
      op: pick(random, ["add", "remove", "replace", "move", "copy", "test", "x", null, 1]),
      path: pick(random, POINTERS),
      from: pick(random, POINTERS),
      value: chance(random, 0.5) ? pick(random, ODD_VALUES)() : {},
    }));
    const bomb = Array.from({ length: 40 }, (_, index) => ({
      op: "copy",
      from: "/metadata",
      path: `/metadata/x${index}`,
    }));
    return { bytes: text.encode(jsonOf(chance(random, 0.05) ? bomb : ops, random)), type: chosen };
  }
  const object = objectOf(random, kind);
  const made = chance(random, 0.3)
    ? { metadata: { annotations: { a: String(random.below(9)) } }, ...directive(random) }
    : object;
  return { bytes: text.encode(brokenText(jsonOf(made, random), random)), type: chosen };
}

const directive = (random: Random): object =>
  pick<object>(random, [
    {},
    { $patch: "delete" },
    { $patch: "replace", spec: {} },
    { $patch: "x" },
    { spec: { $retainKeys: ["a"] } },
    { spec: { $retainKeys: 1 } },
    { spec: { containers: [{ $patch: "delete" }] } },
    { spec: { containers: [{ $patch: "delete", name: "web" }] } },
    { spec: { containers: [{ $patch: "replace" }] } },
    { spec: { "$setElementOrder/containers": [{ name: "x" }, { name: "web" }] } },
    { spec: { "$setElementOrder/containers": "x" } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": {} } },
    { spec: null },
    { metadata: null },
    { metadata: { managedFields: [{}] } },
    {
      metadata: {
        managedFields: [
          {
            manager: "a",
            operation: "Apply",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:x": 1, "k:{": {}, "i:-1": {} },
            apiVersion: "v1",
          },
        ],
      },
    },
    { data: { a: null } },
    { spec: { replicas: null } },
    { spec: { replicas: 2n ** 40n } },
  ]);

function headersOf(
  random: Random,
  method: string,
  type: string | undefined,
  gate: boolean,
): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {
    authorization: `Bearer ${gate ? "admin" : chance(random, 0.1) ? pick(random, TOKENS) : "attacker"}`,
  };
  if (chance(random, 0.02))
    headers["authorization"] = pick(random, ["Basic YTpi", "Bearer", "bearer  ", "x", "Bearer a b"]);
  if (type !== undefined && method !== "GET") headers["content-type"] = type;
  if (chance(random, 0.12)) headers["accept"] = pick(random, ACCEPTS);
  if (chance(random, 0.04)) {
    headers["impersonate-user"] = pick(random, [
      "system:admin",
      "attacker",
      "",
      "system:serviceaccount:kept:account",
      "system:serviceaccount:::",
      "system:node:kept",
      "system:anonymous",
    ]);
    headers["impersonate-group"] = pick<string | readonly string[]>(random, [
      "system:masters",
      ["a", "system:masters"],
      "",
    ]);
  }
  if (chance(random, 0.02)) headers["impersonate-group"] = "system:masters";
  if (chance(random, 0.02)) headers["impersonate-uid"] = "x";
  if (chance(random, 0.02))
    headers[`impersonate-extra-${pick(random, ["a", "__proto__", "%zz", "%2f", ""])}`] = "x";
  if (chance(random, 0.02)) headers["if-none-match"] = pick(random, ['"x"', "*", "W/"]);
  if (chance(random, 0.05))
    headers["accept-encoding"] = pick(random, ["gzip", "br", "identity;q=0", "*;q=0", ",,,", "gzip;q=x"]);
  if (chance(random, 0.02)) headers["content-encoding"] = "gzip";
  if (chance(random, 0.02))
    headers["user-agent"] = pick(random, [
      "",
      "curl/8",
      "Mozilla/5.0",
      "x".repeat(5000),
      "/",
      "()/ü".replace("ü", ""),
    ]);
  if (chance(random, 0.01)) headers["x-huge"] = "h".repeat(40_000);
  if (chance(random, 0.02)) headers["x-many"] = Array.from({ length: 100 }, (_, index) => `v${index}`);
  if (chance(random, 0.02)) headers["x-remote-user"] = "system:admin";
  if (chance(random, 0.01)) headers["audit-id"] = "../../x";
  if (chance(random, 0.01)) headers["expect"] = pick(random, ["100-continue", "x"]);
  return headers;
}

const upgradeHeaders = (random: Random): Record<string, string> =>
  pick<Record<string, string>>(random, [
    {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "v5.channel.k8s.io",
    },
    { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "x" },
    { connection: "Upgrade", upgrade: "websocket" },
    { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" },
    { connection: "Upgrade", upgrade: "h2c" },
    { connection: "Upgrade", upgrade: "x".repeat(500) },
  ]);

const AUTH = "Host: a\r\nAuthorization: Bearer attacker\r\n";
const MAPS = "/api/v1/namespaces/fuzz/configmaps";
const GOOD_BODY = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"raw-"}}';
const postHead = (extra: string) =>
  `POST ${MAPS} HTTP/1.1\r\n${AUTH}Content-Type: application/json\r\n${extra}\r\n`;

/** Nonsense below requests: what parsers of HTTP/1.1 have been attacked with. */
export const RAW_TEXTS: readonly (readonly string[])[] = [
  ["\u0000\u0001\u0002\u0003"],
  ["GET\r\n\r\n"],
  ["GET / HTTP/9.9\r\n\r\n"],
  ["GET  /  HTTP/1.1\r\n\r\n"],
  ["GET /\u0000 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["get / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["XYZZY / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [`GET ${"/a".repeat(20_000)} HTTP/1.1\r\n${AUTH}\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}X: ${"y".repeat(2_000_000)}\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}${"X: y\r\n".repeat(5000)}\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}Bad Name: x\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}X: a\u0001b\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH} folded: x\r\n\r\n`],
  ["GET /version HTTP/1.1\r\n\r\n"],
  ["GET /version HTTP/1.0\r\n\r\n"],
  [`GET /version HTTP/1.1\r\n${AUTH}`],
  [
    postHead(`Content-Length: ${GOOD_BODY.length}\r\nTransfer-Encoding: chunked\r\n`) +
      `0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\n${AUTH}\r\n`,
  ],
  [postHead("Content-Length: 5\r\nContent-Length: 6\r\n") + "123456"],
  [postHead("Content-Length: -1\r\n") + "x"],
  [postHead("Content-Length: 99999999999999999999\r\n") + "x"],
  [postHead("Content-Length: 1e3\r\n") + "x"],
  [postHead("Transfer-Encoding: chunked\r\n") + "zz\r\nx\r\n"],
  [postHead("Transfer-Encoding: chunked\r\n") + "ffffffffffffffffff\r\nx\r\n"],
  [postHead("Transfer-Encoding: chunked, identity\r\n") + GOOD_BODY],
  [postHead("Transfer-Encoding: xchunked\r\n") + GOOD_BODY],
  [
    postHead("Transfer-Encoding: chunked\r\n") +
      `${GOOD_BODY.length.toString(16)};${"e".repeat(20_000)}\r\n${GOOD_BODY}\r\n0\r\n\r\n`,
  ],
  [postHead(`Content-Length: ${GOOD_BODY.length}\r\n`), GOOD_BODY.slice(0, 10)],
  [postHead("Content-Length: 10000000\r\n"), "x"],
  [postHead("Expect: 100-continue\r\nContent-Length: 2\r\n"), "{}"],
  [`GET /version HTTP/1.1\r\n${AUTH}\r\n`.repeat(20)],
  [`POST ${MAPS} HTTP/1.1\r\n${AUTH}Content-Length: 2\r\n\r\n{}`.repeat(5)],
  [
    `GET /api/v1/namespaces/kept/pods/pod/exec?command=a&stdout=1 HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    "\u0081\u00ff\u00ff",
  ],
  [
    `GET /version HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    "\u0081\u00ff\u00ff",
  ],
  [
    `GET /api/v1/namespaces/fuzz/pods/pod/log HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  ],
  [
    `POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${GOOD_BODY.length}\r\n\r\n`,
    GOOD_BODY,
  ],
  [
    `GET /api/v1/namespaces/fuzz/configmaps?watch=1 HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  ],
  [
    `POST /api/v1/namespaces/fuzz/pods/pod/portforward HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`,
    "\u0080\u0003\u0000\u0001\u00ff\u00ff\u00ff\u00ff",
  ],
  [`CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n`],
  [`GET http://other.test/version HTTP/1.1\r\n${AUTH}\r\n`],
  [`OPTIONS * HTTP/1.1\r\n${AUTH}\r\n`],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000"],
];

function rawBytes(random: Random): RawBytes {
  const chosen = random.below(RAW_TEXTS.length);
  const pieces = RAW_TEXTS[chosen]!.map((piece) => Uint8Array.from(piece, (char) => char.charCodeAt(0)));
  const flipped = chance(random, 0.3) ? pieces.map((piece) => broken(piece, random)) : pieces;
  return { over: "raw", pieces: flipped, what: JSON.stringify(RAW_TEXTS[chosen]!.join("").slice(0, 120)) };
}
