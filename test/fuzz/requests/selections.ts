/** Lists and watches: selectors, revisions and forged places to go on from. */
import type { Random } from "#base/random";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

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
export function selection(random: Random): Made {
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
