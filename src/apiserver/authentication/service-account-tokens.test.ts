import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { Registry } from "prom-client";
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import type { Secret } from "#api/core-v1/secret";
import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import type { AnyObject } from "#machinery/schema";
import { MapReadCache } from "../map-read-cache.ts";
import { auditNotesOf } from "./audit-notes.ts";
import { Authentication, type AuthenticationOptions } from "./authentication.ts";
import { LAST_USED, signLegacyToken } from "./legacy-token.ts";
import { reviewToken } from "./reviews.ts";
import { TokenKeys } from "./token-keys.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const HOUR_MS = 3_600_000;

const object = (kind: string, name: string, rest: object = {}) =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, uid: `${name}-uid`, namespace: "default" },
    ...rest,
  }) as unknown as AnyObject;

function setUp(options: Partial<AuthenticationOptions> = {}) {
  const cache = new MapReadCache();
  const clock = new VirtualClock();
  const registry = new Registry();
  const authentication = new Authentication({
    cache,
    clock,
    random: systemRandom,
    registry,
    clientAuthorities: [],
    serviceAccountKey: privateKey,
    issuers: ["https://cluster"],
    ...options,
  });
  cache.put(object("ServiceAccount", "sa"));
  const authenticate = (token: string) =>
    authentication.authenticate({
      header: (name) => (name === "authorization" ? `Bearer ${token}` : undefined),
      clientCertificate: undefined,
      remoteAddress: "127.0.0.1",
    });
  const review = async (token: string) => {
    const asked = { spec: { token } } as Parameters<typeof reviewToken>[1];
    return (await reviewToken(authentication.tokens, asked, authentication.audiences)).status;
  };
  const issue = (spec: object) => {
    const asked = { metadata: {}, spec: { audiences: [], ...spec } } as unknown as TokenRequest;
    return authentication.issuer.issue(asked, "default", "sa");
  };
  return { cache, clock, authenticate, review, issue, registry };
}

test("a pod's token lasts a year, and who uses it longer than an hour is on record", async () => {
  const { cache, clock, authenticate, issue, registry } = setUp();
  cache.put(object("Pod", "p", { spec: { serviceAccountName: "sa" } }));
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "p" };
  const issued = await issue({ expirationSeconds: 3607, boundObjectRef });
  const { token, expirationTimestamp } = issued.status;
  assert.equal(expirationTimestamp, "2026-01-01T01:00:07Z", "the kubelet asks again in time");
  const { exp = 0, iat = 0, ...claims } = decodeJwt<{ "kubernetes.io": { warnafter: number } }>(token);
  assert.equal(exp - iat, 365 * 24 * 3600);
  assert.equal(claims["kubernetes.io"].warnafter, iat + 3607);
  const user = await authenticate(token);
  assert.deepEqual([...auditNotesOf(user)], []);
  await clock.advance(2 * HOUR_MS);
  assert.deepEqual(
    [...auditNotesOf(await authenticate(token))],
    [
      [
        "authentication.k8s.io/stale-token",
        "subject: system:serviceaccount:default:sa, seconds after warning threshold: 3593",
      ],
    ],
  );
  assert.match(await registry.metrics(), /serviceaccount_stale_tokens_total 1\n/);
});

const LIFETIMES: readonly (readonly [string, Partial<AuthenticationOptions>, object, number])[] = [
  ["another time is meant as it is said", {}, { expirationSeconds: 7200 }, 7200],
  ["another audience", {}, { expirationSeconds: 3607, audiences: ["vault"] }, 3607],
  ["the server does not extend", { extendExpiration: false }, { expirationSeconds: 3607 }, 3607],
  [
    "nobody gets more than the server allows",
    { maxExpirationSeconds: 900 },
    { expirationSeconds: 7200 },
    900,
  ],
];

for (const [name, options, spec, seconds] of LIFETIMES) {
  test(`how long a pod's token lasts: ${name}`, async () => {
    const { cache, issue } = setUp(options);
    cache.put(object("Pod", "p", { spec: { serviceAccountName: "sa" } }));
    const issued = await issue({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" }, ...spec });
    const { exp = 0, iat = 0 } = decodeJwt(issued.status.token);
    assert.equal(exp - iat, seconds);
    assert.equal(issued.spec.expirationSeconds, seconds);
  });
}

test("a Secret's token counts while Secret and account are there, and its use is noted once a day", async () => {
  const noted: string[] = [];
  const used = (secret: Secret, day: string) => void noted.push(`${secret.metadata.name} ${day}`);
  const { cache, clock, authenticate, review } = setUp({ legacyTokenUsed: used });
  const claims = { namespace: "default", secret: "s", name: "sa", uid: "sa-uid" };
  const token = await signLegacyToken(new TokenKeys(privateKey), claims);
  const secret = (text: string, labels: object = {}) => {
    const made = object("Secret", "s", { data: { token: Buffer.from(text).toString("base64") } });
    return { ...made, metadata: { ...made.metadata, labels } } as AnyObject;
  };
  assert.match((await review(token)).error ?? "", /has been invalidated/);
  cache.put(secret(token));
  const user = await authenticate(token);
  assert.deepEqual(user, {
    name: "system:serviceaccount:default:sa",
    uid: "sa-uid",
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
  });
  await authenticate(token);
  assert.deepEqual(noted, ["s 2026-01-01"]);
  await clock.advance(24 * HOUR_MS);
  await authenticate(token);
  assert.deepEqual(noted, ["s 2026-01-01", "s 2026-01-02"]);
  cache.put(secret(token, { [LAST_USED]: "2026-01-02" }));
  assert.deepEqual((await review(token)).audiences, ["https://cluster"]);

  cache.put(secret("another"));
  assert.match((await review(token)).error ?? "", /does not match server's copy/);
  cache.put(secret(token, { "kubernetes.io/legacy-token-invalid-since": "2025-12-01" }));
  assert.match((await review(token)).error ?? "", /has been marked invalid since 2025-12-01/);
  cache.put(secret(token));
  cache.remove(object("ServiceAccount", "sa"));
  assert.match((await review(token)).error ?? "", /service account has been deleted/);
});
