/** Tokens, claims of proxies and impersonation that nobody should believe. */
import type { Random } from "#base/random";
import { pick } from "./choices.ts";
import { nested } from "./odd-values.ts";
import type { Made } from "./request.ts";

const base64url = (value: string): string => Buffer.from(value).toString("base64url");

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

export function token(random: Random): string {
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

export const credentials = (random: Random): Made => ({
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
