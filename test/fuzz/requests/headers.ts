/** Headers of requests for kinds. */
import type { Random } from "#base/random";
import { accept } from "./accepts.ts";
import { chance, pick } from "./choices.ts";

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

/** `gate`: as an administrator. */
export function headersOf(
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
  if (chance(random, 0.12)) headers["accept"] = chance(random, 0.5) ? accept(random) : pick(random, ACCEPTS);
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

export const upgradeHeaders = (random: Random): Record<string, string> =>
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
