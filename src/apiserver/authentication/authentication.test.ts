import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { Registry } from "prom-client";
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { hasReason } from "#machinery/status";
import type { AnyObject } from "#machinery/schema";
import { authorizers } from "../authorization/authorizer.ts";
import { planPolicy } from "../authorization/bootstrap.ts";
import { RbacAuthorizer } from "../authorization/rbac.ts";
import type { Credentials, User } from "../contracts.ts";
import { MapReadCache } from "../map-read-cache.ts";
import { Authentication } from "./authentication.ts";
import { impersonated } from "./impersonation.ts";
import { reviewToken } from "./reviews.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const credentials = (
  headers: Readonly<Record<string, string>> = {},
  clientCertificate?: Uint8Array,
): Credentials => ({ header: (name) => headers[name], clientCertificate, remoteAddress: "127.0.0.1" });
const bearer = (token: string) => credentials({ authorization: `Bearer ${token}` });

function setUp(options: { readonly staticTokens?: ReadonlyMap<string, User> } = {}) {
  const cache = new MapReadCache();
  const clock = new VirtualClock();
  const authentication = new Authentication({
    cache,
    clock,
    random: systemRandom,
    clientAuthorities: [],
    serviceAccountKey: privateKey,
    issuers: [ISSUER],
    registry: new Registry(),
    ...options,
  });
  return { cache, clock, authentication };
}

const object = (kind: string, name: string, uid: string, rest: object = {}) =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, uid, ...(kind === "Node" ? {} : { namespace: "default" }) },
    ...rest,
  }) as unknown as AnyObject;

const request = (spec: object = {}) =>
  ({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: { audiences: [], ...spec },
  }) as unknown as TokenRequest;

const isUnauthorized = (error: unknown) => hasReason(error, "Unauthorized");

test("anonymous, static tokens, and tokens nobody knows", async () => {
  const root: User = { name: "root", groups: ["system:masters"] };
  const { authentication } = setUp({ staticTokens: new Map([["secret", root]]) });
  assert.deepEqual(await authentication.authenticate(credentials()), {
    name: "system:anonymous",
    groups: ["system:unauthenticated"],
  });
  const known = await authentication.authenticate(bearer("secret"));
  assert.deepEqual([known.name, ...known.groups], ["root", "system:masters", "system:authenticated"]);
  for (const token of ["other", "a.b.c", "x".repeat(20_000).slice(0, 15_000)]) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(
      async () => authentication.authenticate(bearer(token)),
      isUnauthorized,
      token.slice(0, 9),
    );
  }
  const encoded = new TextEncoder().encode("secret").toBase64({ alphabet: "base64url", omitPadding: true });
  const socket = `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${encoded}`;
  const browser = await authentication.authenticate(credentials({ "sec-websocket-protocol": socket }));
  assert.equal(browser.name, "root");
});

test("a token for a pod names its service account, and ends with the pod", async () => {
  const { cache, clock, authentication } = setUp();
  cache.put(object("ServiceAccount", "runner", "sa-1"), object("Node", "n1", "node-1"));
  const pod = object("Pod", "p", "pod-1", { spec: { serviceAccountName: "runner", nodeName: "n1" } });
  cache.put(pod);
  const asked = request({
    expirationSeconds: 3600,
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p", uid: "pod-1" },
  });
  const issued = await authentication.issuer.issue(asked, "default", "runner");
  assert.equal(issued.status.expirationTimestamp, "2026-01-01T01:00:00Z");
  const token = issued.status.token;
  const user = await authentication.authenticate(bearer(token));
  assert.equal(user.name, "system:serviceaccount:default:runner");
  assert.equal(user.uid, "sa-1");
  assert.deepEqual(user.groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:default",
    "system:authenticated",
  ]);
  assert.deepEqual(user.extra?.["authentication.kubernetes.io/pod-name"], ["p"]);
  assert.deepEqual(user.extra?.["authentication.kubernetes.io/node-uid"], ["node-1"]);
  assert.equal(await authentication.authenticate(bearer(token)), user, "the same object, from memory");

  const jwks = createLocalJWKSet(authentication.jsonWebKeys() as never);
  const { payload } = await jwtVerify(token, jwks, { issuer: ISSUER, currentDate: new Date(clock.now()) });
  assert.deepEqual(payload.aud, [ISSUER]);
  assert.equal(
    authentication.openIdConfiguration("https://h:6443").jwks_uri,
    "https://h:6443/openid/v1/jwks",
  );

  cache.remove(pod);
  await assert.rejects(async () => authentication.authenticate(bearer(token)), isUnauthorized);
  cache.put(object("Pod", "p", "pod-2"));
  await assert.rejects(async () => authentication.authenticate(bearer(token)), isUnauthorized);
  cache.put(pod);
  await authentication.authenticate(bearer(token));
  await clock.advance(3600 * 1000);
  await assert.rejects(async () => authentication.authenticate(bearer(token)), isUnauthorized);
});

test("a token ends with its service account, and is good for its audience only", async () => {
  const { cache, authentication } = setUp();
  const account = object("ServiceAccount", "runner", "sa-1");
  cache.put(account);
  const plain = (await authentication.issuer.issue(request(), "default", "runner")).status.token;
  await authentication.authenticate(bearer(plain));
  const vault = (await authentication.issuer.issue(request({ audiences: ["vault"] }), "default", "runner"))
    .status.token;
  await assert.rejects(async () => authentication.authenticate(bearer(vault)), isUnauthorized);

  const review = (token: string, audiences: readonly string[]) =>
    reviewToken(authentication.tokens, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: {},
      spec: { token, audiences },
    } as never);
  assert.equal(
    (await review(vault, ["vault"])).status.user?.username,
    "system:serviceaccount:default:runner",
  );
  assert.deepEqual((await review(vault, ["vault", "x"])).status.audiences, ["vault"]);
  assert.ok(!(await review(vault, [])).status.authenticated);
  assert.ok(!(await review("nonsense", [])).status.authenticated);

  cache.put(object("ServiceAccount", "runner", "sa-2"));
  await assert.rejects(async () => authentication.authenticate(bearer(plain)), isUnauthorized);
});

test("tampered and foreign tokens are refused", async () => {
  const { cache, authentication } = setUp();
  cache.put(object("ServiceAccount", "runner", "sa-1"), object("ServiceAccount", "boss", "sa-9"));
  const { token } = (await authentication.issuer.issue(request(), "default", "runner")).status;
  const [head = "", body = "", signature = ""] = token.split(".");
  const claims = new TextDecoder().decode(Uint8Array.fromBase64(body, { alphabet: "base64url" }));
  const forgedBody = new TextEncoder()
    .encode(claims.replaceAll("runner", "boss").replaceAll("sa-1", "sa-9"))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const none = new TextEncoder()
    .encode('{"alg":"none"}')
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const bad = [
    `${head}.${forgedBody}.${signature}`,
    `${none}.${body}.`,
    `${head}.${body}.`,
    `${head}.${body}`,
  ];
  for (const forged of bad) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(async () => authentication.authenticate(bearer(forged)), isUnauthorized);
  }
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const elsewhere = new Authentication({
    cache,
    clock: new VirtualClock(),
    random: systemRandom,
    clientAuthorities: [],
    serviceAccountKey: other,
    issuers: [ISSUER],
    registry: new Registry(),
  });
  const foreign = (await elsewhere.issuer.issue(request(), "default", "runner")).status.token;
  await assert.rejects(async () => authentication.authenticate(bearer(foreign)), isUnauthorized);
  const trusting = new Authentication({
    cache,
    clock: new VirtualClock(),
    random: systemRandom,
    clientAuthorities: [],
    serviceAccountKey: privateKey,
    olderServiceAccountKeys: [createPublicKey(other)],
    issuers: [ISSUER],
    registry: new Registry(),
  });
  assert.equal((await trusting.authenticate(bearer(foreign))).uid, "sa-1");
});

test("token requests that cannot be met", async () => {
  const { cache, authentication } = setUp();
  cache.put(
    object("ServiceAccount", "runner", "sa-1"),
    object("Pod", "p", "pod-1", { spec: { serviceAccountName: "another" } }),
  );
  const pod = { apiVersion: "v1", kind: "Pod", name: "p" };
  const cases: readonly [object, RegExp][] = [
    [
      { expirationSeconds: 599 },
      /spec.expirationSeconds: Invalid value: 599: may not specify a duration less/,
    ],
    [{ boundObjectRef: pod }, /different serviceaccount name/],
    [
      { boundObjectRef: { ...pod, uid: "old" } },
      /the UID in the bound object reference \(old\) does not match/,
    ],
    [{ boundObjectRef: { ...pod, name: "q" } }, /pods "q" not found/],
    [{ boundObjectRef: { ...pod, kind: "Job" } }, /cannot bind token to object of type v1, Kind=Job/],
  ];
  for (const [spec, message] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(authentication.issuer.issue(request(spec), "default", "runner"), message);
  }
  await assert.rejects(authentication.issuer.issue(request(), "default", "nobody"), /"nobody" not found/);
});

test("bootstrap tokens", async () => {
  const { cache, clock, authentication } = setUp();
  const encode = (fields: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, new TextEncoder().encode(value).toBase64()]),
    );
  const secret = (fields: Readonly<Record<string, string>>) =>
    ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system", uid: "s" },
      type: "bootstrap.kubernetes.io/token",
      data: encode({
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "usage-bootstrap-authentication": "true",
        ...fields,
      }),
    }) as unknown as AnyObject;
  const ask = async () => authentication.authenticate(bearer("abcdef.0123456789abcdef"));
  await assert.rejects(ask(), isUnauthorized);
  cache.put(
    secret({ "auth-extra-groups": "system:bootstrappers:nodes", expiration: "2026-01-02T00:00:00Z" }),
  );
  const user = await ask();
  assert.deepEqual(
    [user.name, ...user.groups],
    ["system:bootstrap:abcdef", "system:bootstrappers", "system:bootstrappers:nodes", "system:authenticated"],
  );
  await assert.rejects(
    async () => authentication.authenticate(bearer("abcdef.0123456789abcdee")),
    isUnauthorized,
  );
  await clock.advance(24 * 3600 * 1000);
  await assert.rejects(ask(), isUnauthorized);
  const bad: readonly Readonly<Record<string, string>>[] = [
    { "auth-extra-groups": "system:masters" },
    { "usage-bootstrap-authentication": "false" },
    { expiration: "soon" },
  ];
  for (const fields of bad) {
    cache.put(secret(fields));
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(ask(), isUnauthorized);
  }
});

test("impersonation needs a right for every part of the other identity", async () => {
  const cache = new MapReadCache();
  for (const { body } of planPolicy(cache)) cache.put(body as unknown as AnyObject);
  const all = authorizers([new RbacAuthorizer(cache)]);
  const headers = (values: Readonly<Record<string, string>>) => ({
    header: (name: string) => values[name],
    names: Object.keys(values),
  });
  const root: User = { name: "root", groups: ["system:masters"] };
  const ann: User = { name: "ann", groups: ["system:authenticated"] };
  assert.equal(await impersonated(ann, headers({}), all), ann);
  assert.deepEqual(
    await impersonated(
      root,
      headers({ "impersonate-user": "bob", "impersonate-group": "a,b", "impersonate-extra-scopes": "x" }),
      all,
    ),
    { name: "bob", groups: ["a", "b", "system:authenticated"], extra: { scopes: ["x"] } },
  );
  // As Node shows the bytes of UTF-8.
  const zoe = Buffer.from("Zoë", "utf8").toString("latin1");
  assert.equal((await impersonated(root, headers({ "impersonate-user": zoe }), all)).name, "Zoë");
  const account = await impersonated(
    root,
    headers({ "impersonate-user": "system:serviceaccount:ns:sa" }),
    all,
  );
  assert.ok(account.groups.includes("system:serviceaccounts:ns"));
  await assert.rejects(
    impersonated(ann, headers({ "impersonate-user": "root" }), all),
    /users "root" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope/,
  );
  await assert.rejects(
    impersonated(root, headers({ "impersonate-group": "a" }), all),
    /without impersonating/,
  );
});

test("who shows a token that is too long to be one is not let in as somebody without", async () => {
  const { authentication } = setUp();
  await assert.rejects(
    async () => authentication.authenticate(bearer("x".repeat(20_000))),
    (error) => hasReason(error, "Unauthorized"),
  );
});
