import assert from "node:assert/strict";
import { test } from "node:test";
import "reflect-metadata";
import { BasicConstraintsExtension, X509CertificateGenerator } from "@peculiar/x509";
import { problemText } from "#machinery/status";
import { ClusterTrustBundle } from "./clustertrustbundle.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function certificate(isAuthority: boolean): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: "CN=ca",
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: isAuthority ? [new BasicConstraintsExtension(true, undefined, true)] : [],
  });
  return `${made.toString("pem")}\n`;
}

const authority = await certificate(true);
const other = await certificate(true);
const leaf = await certificate(false);

const problems = (name: string, spec: { readonly signerName?: string; readonly trustBundle: string }) =>
  Array.from(
    ClusterTrustBundle.rules.validate!({ metadata: { name }, spec } as ClusterTrustBundle),
    (problem) => `${problem.path}: ${problemText(problem)}`,
  );
const omitted = (detail: string) => [`spec.trustBundle: Invalid value: "<value omitted>": ${detail}`];

const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const headed = "-----BEGIN CERTIFICATE-----\na: b\n\nAAAA\n-----END CERTIFICATE-----\n";

const BUNDLES: readonly (readonly [string, string, readonly string[]])[] = [
  ["an authority", authority, []],
  ["several", `some text\n${authority}more\n${other}`, []],
  ["nothing", "text", omitted("at least one trust anchor must be provided")],
  ["a key", key + authority, omitted("entry 0 has bad block type: PRIVATE KEY")],
  ["headers", authority + headed, omitted("entry 1 has PEM block headers")],
  ["no certificate", broken, omitted("entry 0 does not parse as X.509")],
  ["no authority", leaf, omitted("entry 0 does not have the CA bit set")],
  ["one twice", authority + other + authority, omitted("duplicate trust anchor (indices [0 2])")],
];

for (const [name, trustBundle, expected] of BUNDLES) {
  test(`a bundle of ${name}`, () => assert.deepEqual(problems("bundle", { trustBundle }), expected));
}

test("bundles of a signer say so in their names, and stay theirs", () => {
  const trustBundle = authority;
  const signerName = "example.com/ca";
  assert.deepEqual(problems("example.com:ca:one", { signerName, trustBundle }), []);
  assert.match(
    problems("one", { signerName, trustBundle })[0]!,
    /must be named with prefix example.com:ca:$/,
  );
  assert.match(problems("a:b", { trustBundle })[0]!, /without signer name must not have ":" in its name/);
  assert.match(
    problems("ca:one", { signerName: "ca", trustBundle })[0]!,
    /must be a fully qualified domain and path/,
  );
  const bundle = (name: string) =>
    ({ metadata: { name: "x" }, spec: { signerName: name, trustBundle } }) as ClusterTrustBundle;
  const changed = [...ClusterTrustBundle.rules.validateUpdate!(bundle("a.b/c"), bundle("a.b/d"))];
  assert.deepEqual(
    changed.map(({ path, detail }) => `${path}: ${detail}`),
    ["spec.signerName: field is immutable"],
  );
});
