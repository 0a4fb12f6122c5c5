import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { CertificateAuthority, subjectField } from "./authority.ts";
import { signRequest } from "./signers.ts";

const NOW = Date.UTC(2026, 0, 1);
const authority = new CertificateAuthority(CertificateAuthority.create({ commonName: "kubernetes" }, NOW));
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function asked(
  name: string,
  names: x509.JsonGeneralNames,
  spec: Partial<CertificateSigningRequest["spec"]>,
): Promise<CertificateSigningRequest> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const extensions = names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  const pem = new TextEncoder().encode(request.toString("pem")).toBase64();
  return { spec: { request: pem, ...spec } } as CertificateSigningRequest;
}

const CLIENT = {
  signerName: "kubernetes.io/kube-apiserver-client-kubelet",
  usages: ["digital signature", "client auth"],
};
const SERVING = {
  signerName: "kubernetes.io/kubelet-serving",
  usages: ["digital signature", "key encipherment", "server auth"],
  username: "system:node:n1",
};
const NODE = "CN=system:node:n1,O=system:nodes";

test("a node's client certificate", async () => {
  const outcome = await signRequest(
    authority,
    await asked(NODE, [], { ...CLIENT, expirationSeconds: 3600 }),
    NOW,
  );
  assert.equal(outcome.type, "signed");
  const certificate = new X509Certificate(outcome.type === "signed" ? outcome.certificate : "");
  assert.ok(authority.signed(certificate));
  assert.deepEqual(subjectField(certificate, "O"), ["system:nodes"]);
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(certificate.validToDate.getTime(), NOW + 3600_000);
});

test("a node's serving certificate", async () => {
  const names: x509.JsonGeneralNames = [
    { type: "dns", value: "n1" },
    { type: "ip", value: "192.0.2.1" },
  ];
  const outcome = await signRequest(authority, await asked(NODE, names, SERVING), NOW);
  assert.equal(outcome.type, "signed");
  const certificate = new X509Certificate(outcome.type === "signed" ? outcome.certificate : "");
  assert.ok(certificate.checkIP("192.0.2.1"));
  assert.ok(certificate.checkHost("n1"));
});

test("what is not signed", async () => {
  const dns: x509.JsonGeneralNames = [{ type: "dns", value: "n1" }];
  const cases: readonly [
    string,
    x509.JsonGeneralNames,
    Partial<CertificateSigningRequest["spec"]>,
    RegExp,
  ][] = [
    ["CN=ann,O=system:masters", [], CLIENT, /organization is not system:nodes/],
    ["CN=system:node:n1,O=system:nodes,O=system:masters", [], CLIENT, /organization is not system:nodes/],
    ["CN=ann,O=system:nodes", [], CLIENT, /common name does not begin with system:node:/],
    [NODE, dns, CLIENT, /DNS subjectAltNames are not allowed/],
    [NODE, [], { ...CLIENT, usages: ["server auth"] }, /"server auth" is not allowed/],
    [NODE, [], { ...CLIENT, usages: ["digital signature"] }, /"client auth" is required/],
    [NODE, [], { ...CLIENT, usages: ["client auth"] }, /"digital signature" is required/],
    [NODE, [], SERVING, /DNS or IP subjectAltName is required/],
    [NODE, [...dns, { type: "email", value: "a@b" }], SERVING, /Email and URI/],
    [NODE, [], { ...CLIENT, request: "AAAA" }, /cannot be read/],
    [NODE, [], { ...CLIENT, signerName: "example.com/x" }, /no signer/],
  ];
  for (const [name, names, spec, why] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    const outcome = await signRequest(authority, await asked(name, names, spec), NOW);
    assert.equal(outcome.type, "refused");
    assert.match(outcome.type === "refused" ? outcome.why : "", why);
  }
});
