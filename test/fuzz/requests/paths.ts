/** Where requests for kinds go. */
import type { Random } from "#base/random";
import type { Resource } from "#machinery/schema";
import { VALID } from "../objects.ts";
import { FUZZED, KEPT, OWN_NAMES } from "../names.ts";
import { chance, pick } from "./choices.ts";
import { ODD_TEXTS } from "./odd-values.ts";

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

/** Of no kind, or of a kind in a way that nobody should ask. */
export const PATHS = [
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

export function pathOf(random: Random, kind: Resource, method: string): string {
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
