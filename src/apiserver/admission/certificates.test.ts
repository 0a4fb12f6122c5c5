import assert from "node:assert/strict";
import { test } from "node:test";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { ClusterTrustBundle } from "#api/certificates-v1beta1/clustertrustbundle";
import type { Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { Admission, Authorizer } from "../contracts.ts";
import { certificateRequestValidity, clusterTrustBundleAttest } from "./certificates.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const admission = (resource: unknown, operation: "CREATE" | "UPDATE", object: unknown, old?: unknown) =>
  ({
    operation,
    resource: resource as Resource,
    subresource: "",
    namespace: "",
    name: "x",
    object,
    old,
    user: { name: "ann", groups: [] },
  }) as unknown as Admission;

async function requestPem(): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=ann",
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return request.toString("pem");
}

test("a certificate request is one, signed by its own key", async () => {
  const pem = await requestPem();
  const asked = (text: string) =>
    admission(CertificateSigningRequest, "CREATE", {
      spec: { request: Buffer.from(text).toString("base64") },
    });
  await certificateRequestValidity.validate!(asked(pem));
  const last = pem.lastIndexOf("=") < 0 ? pem.length - 40 : pem.lastIndexOf("=") - 6;
  const forged = `${pem.slice(0, last)}${pem[last] === "A" ? "B" : "A"}${pem.slice(last + 1)}`;
  for (const text of [
    forged,
    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(
      async () => certificateRequestValidity.validate!(asked(text)),
      (error) => error instanceof StatusError && error.code === 422 && /spec.request/.test(error.message),
    );
  }
});

const bundle = (signerName: string | undefined, more: object = {}) => ({
  metadata: { name: "x", ...more },
  spec: { trustBundle: "", ...(signerName === undefined ? {} : { signerName }) },
});

const ATTESTS: readonly (readonly [string, unknown, unknown, readonly string[], boolean])[] = [
  ["no signer", bundle(undefined), undefined, [], true],
  ["a signer without the right", bundle("example.com/ca"), undefined, [], false],
  ["the right for the signer", bundle("example.com/ca"), undefined, ["example.com/ca"], true],
  ["the right for its domain", bundle("example.com/ca"), undefined, ["example.com/*"], true],
  [
    "only owners change",
    bundle("example.com/ca", { ownerReferences: [] }),
    bundle("example.com/ca"),
    [],
    true,
  ],
  ["labels change", bundle("example.com/ca", { labels: { a: "b" } }), bundle("example.com/ca"), [], false],
];

for (const [name, object, old, allowed, passes] of ATTESTS) {
  test(`a trust bundle: ${name}`, async () => {
    const authorizer: Authorizer = {
      authorize: (_user, { verb, resource, name: signer }) => ({
        verdict:
          verb === "attest" && resource === "signers" && allowed.includes(signer) ? "allow" : "no-opinion",
        reason: "",
      }),
    };
    const plugin = clusterTrustBundleAttest(authorizer);
    const asked = admission(ClusterTrustBundle, old === undefined ? "CREATE" : "UPDATE", object, old);
    assert.ok(plugin.handles(asked));
    const validated = async () => plugin.validate!(asked);
    if (passes) await validated();
    else await assert.rejects(validated, /user not permitted to attest for signerName "example.com\/ca"/);
  });
}
