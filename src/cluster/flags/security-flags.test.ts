import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type FlagTexts, parseServerFlags } from "./server-flags.ts";
import { securitySettings } from "./security-flags.ts";

const settings = (texts: FlagTexts) => securitySettings(parseServerFlags(texts));

test("flags of who may come and what they may do", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "flags-"));
  t.after(() => rm(dir, { recursive: true }));
  const place = (name: string) => join(dir, name);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(place("keys"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(place("tokens"), '# people\nsecret,ann,7,"devs,ops"\nother,bob,8\n');
  await writeFile(place("ca"), "CA");
  const { olderServiceAccountKeys = [], ...rest } = await settings({
    "anonymous-auth": ["false"],
    "token-auth-file": [place("tokens")],
    "oidc-issuer-url": ["https://issuer"],
    "oidc-client-id": ["cluster"],
    "oidc-required-claim": ["hd=a", "x=b=c"],
    "oidc-ca-file": [place("ca")],
    "authentication-token-webhook-config-file": ["/hook"],
    "authentication-token-webhook-cache-ttl": ["10s"],
    "authorization-mode": ["Node,Webhook", "RBAC"],
    "authorization-webhook-config-file": ["/hook"],
    "authorization-webhook-cache-unauthorized-ttl": ["0s"],
    "authorization-webhook-version": ["v1"],
    "api-audiences": ["a,b"],
    "service-account-issuer": ["https://new", "https://old"],
    "service-account-key-file": [place("keys")],
    "service-account-max-token-expiration": ["2h"],
  });
  assert.deepEqual(rest, {
    anonymous: false,
    staticTokens: new Map([
      ["secret", { name: "ann", uid: "7", groups: ["devs", "ops"] }],
      ["other", { name: "bob", uid: "8", groups: [] }],
    ]),
    oidc: {
      issuerUrl: "https://issuer",
      clientId: "cluster",
      requiredClaims: { hd: "a", x: "b=c" },
      certificateAuthority: "CA",
    },
    tokenWebhook: { kubeconfigFile: "/hook", cacheMs: 10_000 },
    authorizationModes: ["Node", "Webhook", "RBAC"],
    authorizationWebhook: { kubeconfigFile: "/hook", unauthorizedMs: 0, version: "v1" },
    audiences: ["a", "b"],
    issuers: ["https://new", "https://old"],
    maxTokenExpirationSeconds: 7200,
  });
  assert.ok(olderServiceAccountKeys[0]?.equals(publicKey));
});

test("without flags nothing is set", async () => assert.deepEqual(await settings({}), {}));

test("where everybody may do everything, nobody comes without a name", async () => {
  const given = { "authorization-mode": ["AlwaysAllow"], "anonymous-auth": ["true"] };
  assert.deepEqual(await settings(given), { anonymous: false, authorizationModes: ["AlwaysAllow"] });
});

test("flags that do not go together, or that say nothing", async () => {
  await assert.rejects(settings({ "oidc-client-id": ["x"] }), /must be specified together/);
  assert.throws(() => parseServerFlags({ "oidc-required-claim": ["x"] }), /it is a claim and its value/);
  assert.throws(() => parseServerFlags({ "authorization-webhook-version": ["v2"] }), /it is v1 or v1beta1/);
});
