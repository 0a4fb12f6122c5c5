import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { formatYaml } from "#machinery/yaml";
import { BadToken } from "../bad-token.ts";
import { parseAuthenticationConfiguration } from "../configuration/authentication-configuration.ts";
import { ConfiguredIssuers } from "../configured-issuers.ts";
import { oidcConfiguration } from "../oidc-options.ts";
import { JwtMetrics } from "./jwt-metrics.ts";
import { startIssuer, type TestIssuer } from "./test-issuer.ts";
import { ALGORITHMS } from "./verify-token.ts";

const ACCOUNT = { claimMappings: { username: { claim: "sub", prefix: "" } } };

async function setUp(
  t: { after(end: () => unknown): void },
  more: object = ACCOUNT,
  options: { readonly algorithms?: readonly string[] } = {},
) {
  const issuer = await startIssuer(t);
  await issuer.addKey("one", "ES256");
  const clock = new VirtualClock();
  const registry = new Registry();
  const metrics = new JwtMetrics(registry);
  const configured = new ConfiguredIssuers({ clock, metrics, disallowed: new Set(), ...options });
  configured.use(configuration(issuer, more));
  const seconds = () => Math.floor(clock.now() / 1000);
  const claims = (rest: object = {}) => ({
    iss: issuer.url,
    aud: "cluster",
    sub: "jane",
    exp: seconds() + 3600,
    ...rest,
  });
  const holder = (token: string) => configured.authenticateToken(token, undefined);
  const user = async (rest: object = {}) => (await holder(await issuer.sign("one", claims(rest))))?.user;
  return { issuer, clock, configured, registry, claims, holder, user };
}

const configuration = (issuer: TestIssuer, more: object) =>
  parseAuthenticationConfiguration(
    formatYaml({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: {
            url: issuer.url,
            audiences: ["cluster", "other"],
            audienceMatchPolicy: "MatchAny",
            certificateAuthority: issuer.authority,
          },
          ...more,
        },
      ],
    }),
  );

test("a token of the issuer names its user; its keys are fetched once", async (t) => {
  const { issuer, user, claims, holder } = await setUp(t);
  assert.deepEqual(issuer.asked, [], "nothing is fetched before a token comes");
  assert.deepEqual(await user(), { name: "jane", groups: ["system:authenticated"] });
  assert.deepEqual(await user({ jti: "7", aud: ["else", "other"] }), {
    name: "jane",
    groups: ["system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=7"] },
  });
  const token = await issuer.sign("one", claims());
  assert.equal((await holder(token))?.user, (await holder(token))?.user, "the same object, from memory");
  assert.deepEqual(issuer.asked, ["/.well-known/openid-configuration", "/keys"]);
  assert.equal(await holder("no.token.ofOurs"), undefined);
  assert.equal(await user({ iss: "https://else.where" }), undefined, "another issuer's");
});

test("every asymmetric algorithm is known", async (t) => {
  const { issuer, claims, holder } = await setUp(t);
  await Promise.all(ALGORITHMS.map((algorithm) => issuer.addKey(algorithm, algorithm)));
  for (const algorithm of ALGORITHMS) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    const found = await holder(await issuer.sign(algorithm, claims()));
    assert.equal(found?.user.name, "jane", algorithm);
  }
});

test("what is wrong with a token is said", async (t) => {
  const { issuer, clock, claims, holder } = await setUp(t);
  await holder(await issuer.sign("one", claims()));
  const now = Math.floor(clock.now() / 1000);
  const refused = async (rest: object, message: RegExp) =>
    assert.rejects(holder(await issuer.sign("one", claims(rest))), { name: "BadToken", message });
  await refused({ exp: now - 1 }, /token is expired/);
  await refused({ exp: undefined }, /token is expired/);
  await refused({ exp: -1e300 }, /token is expired/);
  await refused({ exp: "soon" }, /token is expired/);
  await refused({ nbf: 1e300 }, /before the nbf/);
  await refused({ nbf: now + 301 }, /before the nbf/);
  await refused({ aud: "stranger" }, /expected audience in \["cluster" "other"\] got \["stranger"\]/);
  await refused({ sub: 7 }, /parse username claims "sub"/);

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${part({ alg: "none" })}.${part(claims())}.`;
  await assert.rejects(holder(unsigned), /unsupported algorithm, expected .* got "none"/);
  const shared = `${part({ alg: "HS256", kid: "one" })}.${part(claims())}.AAAA`;
  await assert.rejects(holder(shared), /unsupported algorithm/);
  const [head, , signature] = (await issuer.sign("one", claims())).split(".");
  const forged = `${head}.${part(claims({ sub: "root" }))}.${signature}`;
  await assert.rejects(holder(forged), /failed to verify signature/);
});

test("the time that a token ends is looked at with every use", async (t) => {
  const { issuer, clock, claims, holder } = await setUp(t);
  const token = await issuer.sign("one", claims({ exp: Math.floor(clock.now() / 1000) + 5 }));
  await holder(token);
  await clock.advance(5000);
  await assert.rejects(holder(token), /token is expired/);
});

test("a new key is found, a key that was taken back counts no longer, and a strange one asks once a while", async (t) => {
  const { issuer, clock, claims, holder } = await setUp(t);
  const old = await issuer.sign("one", claims({ exp: Math.floor(clock.now() / 1000) + 7200 }));
  await holder(old);
  await clock.advance(10_000);
  await issuer.addKey("two", "RS256");
  issuer.removeKey("one");
  assert.equal((await holder(await issuer.sign("two", claims())))?.user.name, "jane");
  assert.equal(issuer.asked.length, 4);
  await assert.rejects(holder(old), /failed to verify signature/);
  await issuer.addKey("three", "ES256");
  issuer.removeKey("three");
  const strange = await issuer.sign("three", claims());
  await assert.rejects(holder(strange), /failed to verify signature/);
  await assert.rejects(holder(strange), /failed to verify signature/);
  assert.equal(issuer.asked.length, 4, "within ten seconds of the last time it is not asked again");
  await clock.advance(10_000);
  await assert.rejects(holder(strange), /failed to verify signature/);
  assert.equal(issuer.asked.length, 6);
});

test("many tokens of a new key at once are all let in, and ask once", async (t) => {
  const { issuer, clock, claims, holder, user } = await setUp(t);
  await user();
  await issuer.addKey("two", "RS256");
  await clock.advance(10_000);
  const tokens = await Promise.all(["a", "b", "c"].map((jti) => issuer.sign("two", claims({ jti }))));
  const holders = await Promise.all(tokens.map(holder));
  assert.deepEqual(
    holders.map((each) => each?.user.name),
    ["jane", "jane", "jane"],
  );
  assert.equal(issuer.asked.filter((path) => path === "/keys").length, 2);
});

test("a key that takes the name of another is found, and forged tokens ask once a while", async (t) => {
  const { issuer, clock, claims, holder, user } = await setUp(t);
  await user();
  await clock.advance(10_000);
  await issuer.addKey("one", "ES256");
  for (const head of [{}, { kid: undefined }]) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    const token = await issuer.sign("one", claims(), head);
    // oxlint-disable-next-line no-await-in-loop -- a table
    assert.equal((await holder(token))?.user.name, "jane");
  }
  assert.equal(issuer.asked.length, 4);
  const [head, , signature] = (await issuer.sign("one", claims())).split(".");
  const [, payload] = (await issuer.sign("one", claims({ sub: "root" }))).split(".");
  await clock.advance(10_000);
  const forged = [head, payload, signature].join(".");
  await assert.rejects(holder(forged), /failed to verify signature/);
  await assert.rejects(holder(forged), /failed to verify signature/);
  assert.equal(issuer.asked.length, 6);
});

test("a token that is damaged anywhere lets nobody in", async (t) => {
  const { issuer, claims, holder } = await setUp(t);
  const token = await issuer.sign("one", claims());
  const random = seededRandom(7);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
  for (let round = 0; round < 300; round++) {
    const at = random.below(token.length);
    // The last character of a part holds bits that stand for nothing.
    if (token[at + 1] === "." || at === token.length - 1) continue;
    const damaged = token.slice(0, at) + alphabet[random.below(alphabet.length)]! + token.slice(at + 1);
    if (damaged === token) continue;
    const refused = holder(damaged).catch((error: unknown) => error);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const found = await refused;
    assert.ok(found === undefined || found instanceof BadToken, `${at}: ${String(found)}`);
  }
});

test("another configuration keeps the keys of its issuers", async (t) => {
  const { issuer, configured, claims, holder } = await setUp(t);
  const token = await issuer.sign("one", claims());
  await holder(token);
  issuer.failing = true;
  configured.use(configuration(issuer, { claimMappings: { username: { claim: "sub", prefix: "x:" } } }));
  assert.equal((await holder(token))?.user.name, "x:jane");
  assert.equal(issuer.asked.length, 2);
});

test("a token that names no key may be of any", async (t) => {
  const { issuer, claims, holder } = await setUp(t);
  await issuer.addKey("two", "ES256");
  for (const kid of ["one", "two"]) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    const token = await issuer.sign(kid, claims(), { kid: undefined });
    // oxlint-disable-next-line no-await-in-loop -- a table
    assert.equal((await holder(token))?.user.name, "jane", kid);
  }
});

test("an issuer that is away is asked again after a pause, once for many tokens", async (t) => {
  const { issuer, clock, claims, holder, registry } = await setUp(t);
  issuer.failing = true;
  const token = await issuer.sign("one", claims());
  const several = await Promise.allSettled([holder(token), holder(token), holder(token)]);
  assert.deepEqual(new Set(several.map(({ status }) => status)), new Set(["rejected"]));
  await assert.rejects(holder(token), /authenticator not initialized/);
  assert.equal(issuer.asked.length, 1);
  issuer.failing = false;
  await clock.advance(10_000);
  assert.equal((await holder(token))?.user.name, "jane");
  const text = await registry.metrics();
  assert.match(
    text,
    /jwks_fetch_last_timestamp_seconds\{jwt_issuer_hash="sha256:[0-9a-f]{64}",apiserver_id_hash="sha256:[0-9a-f]{64}",result="failure"\}/,
  );
  assert.match(
    text,
    /jwks_fetch_last_key_set_info\{jwt_issuer_hash="sha256:[0-9a-f]{64}",apiserver_id_hash="sha256:[0-9a-f]{64}",hash="sha256:[0-9a-f]{64}"\} 1/,
  );
});

const EXPRESSIONS = {
  claimValidationRules: [
    { claim: "hd", requiredValue: "example.com" },
    { expression: "claims.exp - claims.nbf <= 86400", message: "lives too long" },
  ],
  claimMappings: {
    username: { expression: "'ext:' + claims.login" },
    groups: { expression: "claims.roles.split(',')" },
    uid: { claim: "sub" },
    extra: [
      { key: "example.com/team", valueExpression: "claims.?team.orValue('')" },
      { key: "example.com/sites", valueExpression: "claims.sites.map(s, s.upperAscii())" },
    ],
  },
  userValidationRules: [
    { expression: "!user.username.startsWith('system:')", message: "reserved name" },
    { expression: "user.groups.all(g, g != 'system:masters')", message: "reserved group" },
  ],
};

test("expressions make the user, and rules refuse tokens and users", async (t) => {
  const { clock, user } = await setUp(t, EXPRESSIONS);
  const nbf = Math.floor(clock.now() / 1000);
  const good = { hd: "example.com", nbf, login: "jane", roles: "a,b", sites: ["x"] };
  assert.deepEqual(await user(good), {
    name: "ext:jane",
    uid: "jane",
    groups: ["a", "b", "system:authenticated"],
    extra: { "example.com/sites": ["X"] },
  });
  assert.deepEqual((await user({ ...good, team: "red" }))?.extra?.["example.com/team"], ["red"]);
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ hd: "else" }, /required claim hd value does not match. Got = else, want = example.com/],
    [{ hd: undefined }, /required claim hd not present/],
    [
      { nbf: nbf - 90_000 },
      /validation expression 'claims.exp - claims.nbf <= 86400' failed: lives too long/,
    ],
    [{ login: undefined }, /error evaluating username claim expression: no such key: login/],
    [
      { roles: "system:masters" },
      /user info validation rule: validation expression .* failed: reserved group/,
    ],
    [{ sites: [7] }, /error evaluating extra claim expression/],
  ];
  for (const [change, message] of refused) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(user({ ...good, ...change }), message);
  }
});

test("claims with prefixes: groups as a list or a text, and an email that has to be verified", async (t) => {
  const { user } = await setUp(t, {
    claimMappings: {
      username: { claim: "email", prefix: "mail:" },
      groups: { claim: "groups", prefix: "ext:" },
    },
  });
  const email = "j@example.com";
  assert.deepEqual((await user({ email, groups: ["a", "b"] }))?.groups, [
    "ext:a",
    "ext:b",
    "system:authenticated",
  ]);
  assert.deepEqual((await user({ email, groups: "a" }))?.groups, ["ext:a", "system:authenticated"]);
  assert.equal((await user({ email, email_verified: true }))?.name, "mail:j@example.com");
  await assert.rejects(user({ email, email_verified: false }), /email not verified/);
  await assert.rejects(user({ email, groups: [1] }), /parse groups claim/);
});

test("the single issuer of the options: RS256, and names behind the issuer's", async (t) => {
  const issuer = await startIssuer(t);
  await issuer.addKey("rsa", "RS256");
  await issuer.addKey("ec", "ES256");
  const clock = new VirtualClock();
  const metrics = new JwtMetrics(new Registry());
  const configured = new ConfiguredIssuers({ clock, metrics, disallowed: new Set(), algorithms: ["RS256"] });
  configured.use(
    oidcConfiguration({
      issuerUrl: issuer.url,
      clientId: "cluster",
      groupsClaim: "groups",
      groupsPrefix: "g:",
      requiredClaims: { hd: "x" },
      certificateAuthority: issuer.authority,
    }),
  );
  const claims = { iss: issuer.url, aud: "cluster", sub: "jane", exp: 4e9, hd: "x", groups: ["a"] };
  const found = await configured.authenticateToken(await issuer.sign("rsa", claims), undefined);
  assert.deepEqual(found?.user, { name: `${issuer.url}#jane`, groups: ["g:a", "system:authenticated"] });
  await assert.rejects(
    configured.authenticateToken(await issuer.sign("ec", claims), undefined),
    /expected \["RS256"\]/,
  );
});
