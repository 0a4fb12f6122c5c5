import assert from "node:assert/strict";
import { test } from "node:test";
import { formatYaml } from "#machinery/yaml";
import { parseAuthenticationConfiguration } from "./authentication-configuration.ts";
import { compileAuthentication } from "./compile-authentication.ts";

const compile = (file: object) =>
  compileAuthentication(
    parseAuthenticationConfiguration(
      formatYaml({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration", ...file }),
    ),
    new Set(["https://own"]),
  );

const issuer = { url: "https://issuer", audiences: ["a"] };
const username = { claim: "sub", prefix: "" };
const claimMappings = { username };

/** One issuer with these members changed. */
const jwt = (change: object) => ({ jwt: [{ issuer, claimMappings, ...change }] });

test("a file that says nothing, and one that says all, can be used", () => {
  assert.deepEqual(compile({}), { issuers: [], anonymous: undefined });
  const { issuers, anonymous } = compile({
    ...jwt({ issuer: { ...issuer, discoveryURL: "https://elsewhere/keys" } }),
    anonymous: { enabled: true, conditions: [{ path: "/livez" }] },
  });
  assert.equal(issuers.length, 1);
  assert.deepEqual(anonymous, { enabled: true, conditions: [{ path: "/livez" }] });
});

const WRONG: readonly (readonly [string, object, string])[] = [
  ["no url", jwt({ issuer: { audiences: ["a"] } }), "jwt[0].issuer.url: Required value: URL is required"],
  [
    "plain http",
    jwt({ issuer: { ...issuer, url: "http://issuer" } }),
    'jwt[0].issuer.url: Invalid value: "http://issuer": URL scheme must be https',
  ],
  [
    "a query",
    jwt({ issuer: { ...issuer, url: "https://issuer?a" } }),
    'jwt[0].issuer.url: Invalid value: "https://issuer?a": URL must not contain a query',
  ],
  [
    "the server's own",
    jwt({ issuer: { ...issuer, url: "https://own" } }),
    'jwt[0].issuer.url: Invalid value: "https://own": URL must not overlap with disallowed issuers: [https://own]',
  ],
  [
    "discovery at the same place",
    jwt({ issuer: { ...issuer, discoveryURL: "https://issuer/" } }),
    'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer/": discoveryURL must be different from URL',
  ],
  [
    "no audience",
    jwt({ issuer: { url: "https://issuer" } }),
    "jwt[0].issuer.audiences: Required value: at least one audience is required",
  ],
  [
    "several audiences without a policy",
    jwt({ issuer: { ...issuer, audiences: ["a", "b"] } }),
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
  ],
  [
    "no certificate",
    jwt({ issuer: { ...issuer, certificateAuthority: "x" } }),
    'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
  ],
  [
    "an egress selector",
    jwt({ issuer: { ...issuer, egressSelectorType: "cluster" } }),
    'jwt[0].issuer.egressSelectorType: Invalid value: "cluster": no egress selector is configured for this server',
  ],
  [
    "no username",
    jwt({ claimMappings: {} }),
    "jwt[0].claimMappings.username: Required value: claim or expression is required",
  ],
  [
    "no prefix",
    jwt({ claimMappings: { username: { claim: "sub" } } }),
    "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing",
  ],
  [
    "claim and expression",
    jwt({ claimMappings: { username, uid: { claim: "a", expression: "claims.b" } } }),
    `jwt[0].claimMappings.uid: Invalid value: "": claim and expression can't both be set`,
  ],
  [
    "a reserved key",
    jwt({ claimMappings: { username, extra: [{ key: "a.k8s.io/b", valueExpression: "'x'" }] } }),
    'jwt[0].claimMappings.extra[0].key: Invalid value: "a.k8s.io/b": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
  ],
  [
    "a key without a domain",
    jwt({ claimMappings: { username, extra: [{ key: "b", valueExpression: "'x'" }] } }),
    'jwt[0].claimMappings.extra[0].key: Invalid value: "b": must be a domain-prefixed path (such as "acme.io/foo")',
  ],
  [
    "a rule that is no condition",
    jwt({ claimValidationRules: [{ expression: "1" }] }),
    'jwt[0].claimValidationRules[0].expression: Invalid value: "1": must evaluate to bool',
  ],
  [
    "a rule of both kinds",
    jwt({ claimValidationRules: [{ claim: "a", message: "m" }] }),
    `jwt[0].claimValidationRules[0].message: Invalid value: "m": message can't be set when claim is set`,
  ],
  [
    "a rule twice",
    jwt({ userValidationRules: [{ expression: "true" }, { expression: "true" }] }),
    'jwt[0].userValidationRules[1].expression: Duplicate value: "true"',
  ],
  [
    "an issuer twice",
    { jwt: [...jwt({}).jwt, ...jwt({}).jwt] },
    'jwt[1].issuer.url: Duplicate value: "https://issuer"',
  ],
  [
    "conditions of nothing",
    { anonymous: { enabled: false, conditions: [{ path: "/a" }] } },
    'anonymous.conditions: Invalid value: [{"path":"/a"}]: enabled should be set to true when conditions are defined',
  ],
  [
    "an unknown field",
    { jwt: [{ issuer, nonsense: 1 }] },
    'strict decoding error: unknown field "jwt[0].nonsense"',
  ],
];

for (const [name, file, message] of WRONG) {
  test(`refused: ${name}`, () => assert.throws(() => compile(file), { name: "ConfigurationError", message }));
}

test("whoever is named by email has verified it", () => {
  const named = (expression: string, more: object = {}) =>
    jwt({ claimMappings: { username: { expression } }, ...more });
  assert.throws(() => compile(named("claims.email")), /claims.email_verified must be used/);
  const rule = { claimValidationRules: [{ expression: "claims.?email_verified.orValue(true) == true" }] };
  assert.equal(compile(named("claims.email", rule)).issuers.length, 1);
});

test("other files are refused by their kind and version", () => {
  const text = "apiVersion: apiserver.config.k8s.io/v2\nkind: AuthenticationConfiguration\n";
  assert.throws(
    () => parseAuthenticationConfiguration(text),
    /no kind "AuthenticationConfiguration" is registered/,
  );
  assert.throws(() => parseAuthenticationConfiguration("[]"), /no AuthenticationConfiguration/);
});
