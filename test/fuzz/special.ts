/** Odd requests for what is no kind of its own: credentials, reviews, custom objects, extension servers, documents, CBOR. */
import type { Random } from "#base/random";
import { encodeCbor } from "#machinery/cbor";
import type { OddRequest } from "./generator.ts";
import { endsByItself } from "./misbehaving.ts";
import { EXTENSION, HOOK, HOOKS } from "./surroundings.ts";

const text = new TextEncoder();
const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;
const json = (value: unknown) => text.encode(JSON.stringify(value));
const base64url = (value: string): string => Buffer.from(value).toString("base64url");

type Made = Partial<Omit<OddRequest, "over" | "body">> & { readonly body?: Uint8Array };

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

const JWT_HEADS = [
  '{"alg":"none"}',
  '{"alg":"ES256","kid":"x"}',
  '{"alg":"HS256","typ":"JWT"}',
  '{"alg":"RS256","jku":"https://other.test/","x5u":"https://other.test/","crit":["x"]}',
  '{"alg":["ES256"]}',
  '{"alg":null,"kid":{}}',
  '{"__proto__":{"alg":"ES256"}}',
  "{",
  "null",
  "[]",
  nested(3000),
];
const ISSUERS = [
  "https://kubernetes.default.svc.cluster.local",
  "kubernetes/serviceaccount",
  "https://127.0.0.1",
  "x",
  "",
];

function token(random: Random): string {
  const claims = pick(random, [
    JSON.stringify({
      iss: pick(random, ISSUERS),
      sub: "system:serviceaccount:kept:default",
      aud: ["x"],
      exp: 1e300,
    }),
    JSON.stringify({
      iss: pick(random, ISSUERS),
      exp: "soon",
      nbf: -1,
      aud: {},
      "kubernetes.io": { pod: [] },
    }),
    JSON.stringify({ iss: pick(random, ISSUERS), "kubernetes.io": "x", sub: ["a"] }),
    JSON.stringify({ iss: 1 }),
    nested(5000),
    "null",
    "",
    "\u0000",
  ]);
  const parts = [base64url(pick(random, JWT_HEADS)), base64url(claims), "c2ln".repeat(1 + random.below(40))];
  return pick(random, [
    parts.join("."),
    parts.slice(0, 2).join("."),
    `${parts.join(".")}.x.y`,
    `${parts[0]}..`,
    "..",
    "a".repeat(100_000),
    `${parts[0]}.${"e".repeat(200_000)}.x`,
    "\u00e9\u00ff",
    "abcdef.0123456789abcdef",
    "=.=.=",
  ]);
}

const credentials = (random: Random): Made => ({
  path: pick(random, ["/version", "/api/v1/namespaces/fuzz/configmaps", "/apis/apps/v1/deployments"]),
  headers: pick<Made["headers"]>(random, [
    { authorization: `Bearer ${token(random).replace(/[^\x21-\x7e]/g, "")}` },
    { authorization: `bearer  ${token(random).replace(/[^\x21-\x7e]/g, "")} ` },
    { "sec-websocket-protocol": `base64url.bearer.authorization.k8s.io.${base64url(token(random))}, x` },
    { "x-remote-user": "admin", "x-remote-group": "system:masters", "x-remote-extra-%zz": "a" },
    { authorization: "Bearer attacker", "x-remote-user": "admin", "x-remote-group": "system:masters" },
    {
      authorization: "Bearer admin",
      "impersonate-user": "a",
      "impersonate-extra-%": "x",
      "impersonate-uid": "",
    },
    {
      authorization: "Bearer admin",
      "impersonate-user": "x".repeat(20_000),
      "impersonate-group": ["a", "", "\u00e9"],
    },
    {
      authorization: "Bearer admin",
      "impersonate-user": "system:serviceaccount:a:b:c",
      "impersonate-group": "system:unauthenticated",
    },
    { authorization: "Bearer admin", "impersonate-user": "a", "impersonate-extra-__proto__": ["a", "b"] },
    { authorization: "Bearer admin", "impersonate-group": "a", "impersonate-extra-a": "b" },
  ]),
});

const REVIEW_SPECS: readonly ((random: Random) => unknown)[] = [
  (random) => ({ token: token(random), audiences: pick(random, [[], [""], ["x"], null, "x", [1]]) }),
  () => ({ user: "a", groups: [null], resourceAttributes: {}, nonResourceAttributes: {} }),
  () => ({
    user: "a",
    resourceAttributes: { verb: "list", fieldSelector: { rawSelector: "a=b,c", requirements: [{}] } },
  }),
  () => ({ user: "a", resourceAttributes: { verb: "list", labelSelector: { rawSelector: "((((" } } }),
  () => ({
    user: "a",
    resourceAttributes: {
      labelSelector: { requirements: [{ key: "\ud800", operator: "In", values: Array(500).fill("x") }] },
    },
  }),
  () => ({
    user: "a",
    resourceAttributes: { fieldSelector: { requirements: [{ key: "", operator: "X", values: null }] } },
  }),
  () => ({
    user: "",
    uid: "x",
    extra: { __proto__: ["a"], "a/b": null },
    resourceAttributes: { namespace: "../kept", name: "%2F" },
  }),
  () => ({ nonResourceAttributes: { path: "a".repeat(10_000), verb: "*" } }),
  () => ({ namespace: "\u00fc".repeat(300) }),
  () => ({}),
];
const REVIEWS = [
  ["authentication.k8s.io", "TokenReview", "tokenreviews"],
  ["authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"],
  ["authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews"],
  ["authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"],
  ["authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"],
  ["authorization.k8s.io", "LocalSubjectAccessReview", "namespaces/fuzz/localsubjectaccessreviews"],
] as const;

function review(random: Random): Made {
  const [group, kind, plural] = pick(random, REVIEWS);
  return {
    method: "POST",
    path: `/apis/${group}/v1/${plural}`,
    ...asBody(random, {
      apiVersion: `${group}/v1`,
      kind,
      metadata: {},
      spec: pick(random, REVIEW_SPECS)(random),
    }),
  };
}

const ODD_CBOR: readonly Uint8Array[] = [
  Uint8Array.of(),
  Uint8Array.of(0xd9, 0xd9, 0xf7),
  Uint8Array.of(0xff),
  Uint8Array.of(0x9f),
  Uint8Array.of(0xbf, 0x61, 0x61),
  Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xd9, 0xd9, 0xf7, 0xa1, 0xf9, 0x7e, 0x00, 0x01),
  new Uint8Array(5000).fill(0x81),
  new Uint8Array(5000).fill(0xc1),
  Uint8Array.of(0xd9, 0xd9, 0xf7, 0xa2, 0x41, 0x61, 0x01, 0x41, 0x61, 0x02),
  Uint8Array.of(0x62, 0xc3, 0x28),
  Uint8Array.of(0xc2, 0x5a, 0x00, 0x01, 0x00, 0x00, ...new Uint8Array(300)),
  Uint8Array.of(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
];

/** As JSON or as CBOR, whole or broken. */
function asBody(
  random: Random,
  value: unknown,
): { readonly body: Uint8Array; readonly headers: Record<string, string> } {
  const as = random.next();
  if (as < 0.6) return { body: json(value), headers: { "content-type": "application/json" } };
  const headers = {
    "content-type": "application/cbor",
    accept: pick(random, ["application/cbor", "application/json", "*/*"]),
  };
  if (as < 0.65) return { body: pick(random, ODD_CBOR), headers };
  const whole = encodeCbor(JSON.parse(JSON.stringify(value)));
  if (as < 0.85) return { body: whole, headers };
  if (as < 0.92) return { body: whole.slice(0, random.below(whole.length)), headers };
  const broken = whole.slice();
  for (let flips = 1 + random.below(4); flips > 0; flips--)
    broken[random.below(broken.length)]! ^= 1 << random.below(8);
  return { body: broken, headers };
}

const ODD_SIZES = [0, -1, 1.5, null, "1", [], {}, 2 ** 53, true, { "": 1 }];

/** Of the kind of the definition that is there. */
function customObject(random: Random): Made {
  const root = "/apis/example.com/v1/namespaces/fuzz/keepers";
  const name = `k${random.below(5)}`;
  const keeper = {
    apiVersion: pick(random, ["example.com/v1", "example.com/v1", "example.com/v2", "", "x/y/z"]),
    kind: pick(random, ["Keeper", "Keeper", "KeeperList", "Pod", ""]),
    metadata: {
      name,
      ...pick(random, [{}, { labels: null }, { finalizers: ["a"] }, { ownerReferences: [{}] }]),
    },
    spec: pick<unknown>(random, [
      { size: pick<unknown>(random, ODD_SIZES) },
      null,
      [],
      "x",
      { unknown: nested(30) },
      { size: 3 },
    ]),
  };
  const method = pick(random, ["POST", "PUT", "PATCH", "GET", "DELETE"]);
  const sub = pick(random, ["", "", "", "/status", "/scale", "/x"]);
  if (method === "PATCH") {
    const type = pick(random, [
      "application/apply-patch+yaml",
      "application/apply-patch+cbor",
      "application/merge-patch+json",
      "application/json-patch+json",
      "application/strategic-merge-patch+json",
    ]);
    const made = asBody(random, keeper);
    return {
      method,
      path: `${root}/${name}${sub}?fieldManager=me&force=true`,
      body: made.body,
      headers: { "content-type": type },
    };
  }
  if (method === "GET")
    return { path: `${root}${pick(random, ["", `/${name}`, "?limit=1", "?fieldSelector=spec.size=1"])}` };
  return { method, path: method === "POST" ? root : `${root}/${name}${sub}`, ...asBody(random, keeper) };
}

/** Changed replica counts, also by apply, and with what no scale may hold. */
function scale(random: Random): Made {
  const kind = pick(random, [
    "deployments/deployment",
    "statefulsets/set",
    "replicasets/replicas",
    "daemonsets/daemons",
  ]);
  const body = {
    apiVersion: pick(random, ["autoscaling/v1", "autoscaling/v1", "autoscaling/v2", "apps/v1"]),
    kind: pick(random, ["Scale", "Scale", "Deployment"]),
    metadata: {
      name: pick(random, [kind.split("/")[1], "other", ""]),
      managedFields: pick(random, [undefined, [{}], null]),
    },
    spec: { replicas: pick<unknown>(random, [0, 1, 2, -1, 2 ** 31, "3", null, 1.5]) },
    status: { replicas: 5 },
  };
  const method = pick(random, ["PATCH", "PUT", "PATCH"]);
  const made = asBody(random, body);
  const type = pick(random, [
    "application/apply-patch+yaml",
    "application/merge-patch+json",
    "application/apply-patch+cbor",
  ]);
  return {
    method,
    path: `/apis/apps/v1/namespaces/fuzz/${kind}/scale?fieldManager=scaler${pick(random, ["", "&force=true", "&dryRun=All"])}`,
    body: made.body,
    headers: method === "PATCH" ? { "content-type": type } : made.headers,
  };
}

/** What another server is asked for through this one; the number is the manner in which it answers. */
function elsewhere(random: Random): Made {
  const number = random.below(10_000);
  const root = `/apis/${EXTENSION}/v1/namespaces/fuzz/things`;
  const path = pick(random, [
    `${root}/${number}`,
    `${root}?watch=1&resourceVersion=${number}`,
    `${root}?n=${number}`,
    `${root}/a b/${number}`,
    `${root}/\u00fc/${number}`,
    `${root}/%zz/${number}`,
    `/apis/${EXTENSION}/v1/../../../${number}`,
    `/api/v1/nodes/broken/proxy/${number}`,
    `/api/v1/nodes/broken/proxy/a b/${number}`,
    `/api/v1/nodes/broken/proxy/\u00fc/${number}`,
    `/api/v1/namespaces/streams/pods/pod/log?tailLines=${number}`,
    `/api/v1/namespaces/streams/pods/pod/log?follow=1&tailLines=${number}`,
  ]);
  const method = path.includes("/log")
    ? "GET"
    : pick(random, ["GET", "GET", "POST", "PUT", "DELETE", "HEAD", "G T", "PURGE"]);
  const headers = pick<Record<string, string>>(random, [
    {},
    {},
    { te: "trailers" },
    { expect: "100-continue" },
    { "x-odd": "\u00e9\u00ff" },
    { accept: "\u00fc" },
    { cookie: "a=b", "proxy-authorization": "x", forwarded: "for=x" },
    { "x-forwarded-for": "1.2.3.4", "x-forwarded-uri": "/x" },
  ]);
  const withBody = method === "POST" || method === "PUT" || random.next() < 0.1;
  // Where there will be no answer, nobody waits for it.
  return {
    method,
    path,
    headers,
    abort: !endsByItself(number),
    ...(withBody ? { body: new Uint8Array(random.below(200_000)) } : {}),
  };
}

/** Objects that webhooks see, whose answers are none. */
function hooked(random: Random): Made {
  const labels = { [HOOK]: String(random.below(HOOKS)) };
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { generateName: "hooked-", labels },
    data: { a: "b" },
  };
  const query = pick(random, ["", "?dryRun=All", "?fieldValidation=Strict"]);
  return { method: "POST", path: `/api/v1/namespaces/fuzz/configmaps${query}`, ...asBody(random, body) };
}

const DOCUMENTS = [
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/api/v1?hash=\u0000",
  "/openapi/v3/apis/apps/v1",
  `/openapi/v3/apis/${EXTENSION}/v1`,
  "/api",
  "/apis",
  "/apis/apps/v1",
  `/apis/${EXTENSION}`,
  "/version",
  "/metrics",
  "/debug/api_priority_and_fairness/dump_requests",
  "/readyz?verbose&exclude=etcd&exclude=\u00fc",
];
const DOCUMENT_FORMS = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList",
  "application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/cbor;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf;q=0,*/*;q=0.1",
  "a/b;".repeat(2000),
  `${"application/json;q=0.1,".repeat(1000)}x`,
  'application/json;as="\\"',
  "text/html;level=1;q=1e9",
  "application/json; stream=watch; charset=utf-16",
  "\u00fc",
];
const document = (random: Random): Made => ({
  method: pick(random, ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
  path: pick(random, DOCUMENTS),
  headers: {
    accept: pick(random, DOCUMENT_FORMS),
    ...pick<Record<string, string>>(random, [
      {},
      { "if-none-match": '"x", W/"y", *' },
      { "accept-encoding": "gzip;q=1, *;q=0" },
      { range: "bytes=0-1" },
    ]),
  },
});

const token64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const CONTINUES = [
  { v: "meta.k8s.io/v1", rv: 1, start: "a\u0000" },
  { v: "meta.k8s.io/v1", rv: -1, start: "a" },
  { v: "meta.k8s.io/v1", rv: 2 ** 60, start: "\u0000" },
  { v: "meta.k8s.io/v1", rv: 3, start: "../../secrets/kept/" },
  { v: "meta.k8s.io/v1", rv: "3", start: "fuzz/map\u0000" },
  { v: "meta.k8s.io/v1", rv: 0, start: "" },
  { v: "meta.k8s.io/v9", rv: 3, start: "a" },
  { v: "meta.k8s.io/v1", rv: 3, start: "a".repeat(5000) },
  { v: "meta.k8s.io/v1", rv: 3, start: "/", __proto__: null },
];
const REVISIONS = ["", "0", "1", "5", "99999999999", "-1", "18446744073709551615", "1e3", "0x1", "\u0661"];

/** Lists and watches with parameters that contradict each other. */
function selection(random: Random): Made {
  const parts = [
    `resourceVersion=${pick(random, REVISIONS)}`,
    `resourceVersionMatch=${pick(random, ["", "Exact", "NotOlderThan", "exact", "\u00fc"])}`,
    `continue=${token64(pick<unknown>(random, CONTINUES))}`,
    `limit=${pick(random, ["1", "0", "-5", "2"])}`,
    `watch=${pick(random, ["1", "true", "false"])}&timeoutSeconds=1`,
    `sendInitialEvents=${pick(random, ["true", "false"])}`,
    `allowWatchBookmarks=${pick(random, ["true", "x"])}`,
    `labelSelector=${encodeURIComponent(pick(random, ["\u00fc in (\u00e9)", "a=".repeat(3000), "a,".repeat(5000), "!".repeat(100), "a in (b", "a>99999999999999999999"]))}`,
    `fieldSelector=${encodeURIComponent(pick(random, ["metadata.name=\u00fc", "a=b,".repeat(3000), "metadata.name=a\\,b\\=c\\", "metadata.namespace!=fuzz", "spec.nodeName=x,status.phase!=\u0000", "__proto__.a=b"]))}`,
    `labelSelector=a&labelSelector=b`,
  ].filter(() => random.next() < 0.3);
  const kind = pick(random, ["configmaps", "pods", "secrets", "events", "services", "serviceaccounts"]);
  const place = pick(random, [
    "/api/v1/namespaces/fuzz/",
    "/api/v1/",
    "/api/v1/watch/namespaces/fuzz/",
    "/api/v1/watch/",
  ]);
  const name = random.next() < 0.1 ? "/map" : "";
  return {
    method: random.next() < 0.05 ? "DELETE" : "GET",
    path: `${place}${kind}${name}?${parts.join("&")}`,
    headers: {
      accept: pick(random, [
        "application/json",
        "application/cbor",
        "application/cbor-seq",
        "application/vnd.kubernetes.protobuf;stream=watch,application/json",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
      ]),
    },
  };
}

/** A connection that shall become another one, where names stand that only look like those of connections. */
const lookalike = (random: Random): Made => ({
  method: pick(random, ["GET", "POST", "DELETE"]),
  path: pick(random, [
    "/api/v1/namespaces/exec/configmaps?watch=1&timeoutSeconds=1",
    "/api/v1/namespaces/fuzz/configmaps/exec",
    "/api/v1/namespaces/proxy/pods",
    "/api/v1/namespaces/attach/configmaps?limit=1",
    "/api/v1/watch/namespaces/proxy/pods/x?timeoutSeconds=1",
    "/api/v1/pods/proxy?watch=1&timeoutSeconds=1",
    "/api/v1/pods?watch=1&timeoutSeconds=1",
    "/apis/apps/v1/deployments?watch=true&timeoutSeconds=1&resourceVersion=0",
    "/apis?watch=1",
    "/openapi/v2?watch=true",
    "/api/v1/secrets?watch=test",
    "/api/v1/watch/pods?timeoutSeconds=1",
    "/api/v1/namespaces/fuzz/services/exec/proxy",
    `/apis/${EXTENSION}/v1/exec/${random.below(30)}`,
  ]),
  headers: {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  },
});

const MADE: readonly ((random: Random) => Made)[] = [
  credentials,
  review,
  review,
  customObject,
  customObject,
  scale,
  elsewhere,
  elsewhere,
  hooked,
  document,
  selection,
  selection,
  lookalike,
];

export function specialRequest(random: Random): OddRequest {
  const { method = "GET", path = "/", headers = {}, body, abort } = pick(random, MADE)(random);
  const upgrade = headers["upgrade"] !== undefined;
  return {
    over: upgrade || random.next() < 0.25 ? "h1" : "h2",
    method,
    path,
    headers: { ...(path.startsWith("/version") ? {} : { authorization: "Bearer attacker" }), ...headers },
    body,
    abort: abort === true || random.next() < 0.03,
  };
}
