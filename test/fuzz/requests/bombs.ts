/** Small requests that would cost much if nobody bounded it: patches, selectors, places to go on from. */
import type { Random } from "#base/random";
import { chance, pick } from "./choices.ts";
import type { Made } from "./request.ts";

const MAP = "/api/v1/namespaces/fuzz/configmaps/map";
const DEPLOYMENT = "/apis/apps/v1/namespaces/fuzz/deployments/deployment";
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Operations of JSON patches, many and each dear. */
const OPERATIONS: readonly (() => unknown)[] = [
  () => times(9_999, () => ({ op: "add", path: "/metadata/finalizers/0", value: "a/b" })),
  () => times(10_001, () => ({ op: "test", path: "/metadata", value: {} })),
  () => [
    { op: "add", path: "/data/x", value: "x".repeat(100_000) },
    ...times(40, (index) => ({ op: "copy", from: "/data", path: `/data/y${index}` })),
  ],
  () => [
    { op: "add", path: "/metadata/annotations", value: {} },
    ...times(500, (index) => ({ op: "move", from: "/metadata", path: `/metadata/m${index}` })),
  ],
  () => times(3_000, () => ({ op: "test", path: `/${"a/".repeat(1_000)}`, value: 1 })),
  () => [{ op: "add", path: `/data/${"~1".repeat(200_000)}`, value: "a" }],
  () =>
    times(2_000, (index) => ({ op: "replace", path: "/data", value: { [`k${index}`]: "v".repeat(500) } })),
];

const patch = (random: Random): Made => ({
  method: "PATCH",
  path: pick(random, [MAP, DEPLOYMENT, `${MAP}?dryRun=All`]),
  headers: { "content-type": "application/json-patch+json" },
  body: bytes(pick(random, OPERATIONS)()),
});

/** Merges that are wide, deep, or the same key again and again. */
const MERGES: readonly (() => object)[] = [
  () => ({ data: Object.fromEntries(times(20_000, (index) => [`k${index}`, null])) }),
  () => ({ metadata: { annotations: Object.fromEntries(times(3_000, (index) => [`a${index}`, "b"])) } }),
  () => ({ spec: { template: { spec: { containers: times(3_000, () => ({ name: "web", env: [] })) } } } }),
  () => ({
    spec: {
      template: {
        spec: {
          tolerations: times(2_000, (index) => ({ key: `k${index % 7}`, operator: "Exists" })),
          $patch: "merge",
        },
      },
    },
  }),
  () => ({ metadata: { "$deleteFromPrimitiveList/finalizers": times(30_000, (index) => `f${index}`) } }),
  () => ({ metadata: { finalizers: times(30_000, (index) => `a/f${index}`) } }),
];

const merge = (random: Random): Made => ({
  method: "PATCH",
  path: pick(random, [MAP, DEPLOYMENT]).concat("?dryRun=All&fieldManager=bomb"),
  headers: {
    "content-type": pick(random, [
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    ]),
  },
  body: bytes({ apiVersion: "v1", kind: "ConfigMap", ...pick(random, MERGES)() }),
});

const SELECTORS: readonly (() => string)[] = [
  () => `a in (${times(3_000, (index) => `v${index}`).join(",")})`,
  () => times(1_500, (index) => `k${index}!=v`).join(","),
  () => "(".repeat(5_000),
  () => `a in (${",".repeat(5_000)})`,
  () => `${"!".repeat(5_000)}a`,
  () => `a${" ".repeat(8_000)}=b`,
  () => times(1_000, () => "a in (b),a notin (b)").join(","),
  () => `${"a".repeat(254)}/${"b".repeat(64)}=c`,
];
const FIELD_SELECTORS: readonly (() => string)[] = [
  () => times(1_500, (index) => `metadata.name!=n${index}`).join(","),
  () => `metadata.name=${"\\\\".repeat(2_000)}`,
  () => `metadata.name=${"\\,".repeat(2_000)}\\`,
  () => `${"metadata.".repeat(1_000)}name=a`,
  () => "=".repeat(5_000),
  () => ",".repeat(5_000),
];

/** The same to a list, a watch and a deletion of all that is selected. */
function select(random: Random): Made {
  const [name, text] = chance(random, 0.6)
    ? ["labelSelector", pick(random, SELECTORS)()]
    : ["fieldSelector", pick(random, FIELD_SELECTORS)()];
  const kind = pick(random, ["configmaps", "pods", "events"]);
  const watch = chance(random, 0.3) ? "&watch=1&timeoutSeconds=1" : "";
  return {
    method: chance(random, 0.1) ? "DELETE" : "GET",
    path: `/api/v1/namespaces/fuzz/${kind}?${name}=${encodeURIComponent(text)}${watch}`,
  };
}

const STARTS = [
  "map\u0000",
  "../kept/secret",
  "/registry/secrets/",
  "\uffff",
  "kept/",
  "a".repeat(3_000),
  "",
  "\ud800",
];

/** Forged, but whole: the server must not show more for it than without it. */
function goOn(random: Random): Made {
  const token = {
    v: pick(random, ["meta.k8s.io/v1", "meta.k8s.io/v1", "meta.k8s.io/v2"]),
    rv: pick<unknown>(random, [1, 5, 50, 2 ** 53, -1, "5"]),
    start: pick(random, STARTS),
  };
  const made = Buffer.from(JSON.stringify(token)).toString(pick(random, ["base64url", "base64"]));
  const kind = pick(random, ["configmaps", "secrets", "pods"]);
  return {
    path: `/api/v1/namespaces/fuzz/${kind}?limit=${pick(random, [1, 500, 0])}&continue=${encodeURIComponent(made)}`,
  };
}

export const bomb = (random: Random): Made => pick(random, [patch, merge, select, goOn, goOn])(random);
