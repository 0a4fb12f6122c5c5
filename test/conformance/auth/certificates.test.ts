import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import "reflect-metadata";
import { CertificatesV1Api, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { refused } from "../kind-client.ts";
import { certificateSigningRequests } from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { conformance } from "../suite.ts";

/** PEM of a request for a name. */
async function requestFor(name: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const made = await Pkcs10CertificateRequestGenerator.create(
    { name: `CN=${name}`, keys, signingAlgorithm: algorithm },
    webcrypto as Crypto,
  );
  return made.toString("pem");
}

conformance(
  "[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]",
  async (context) => {
    const { api, unique } = context;
    const client = certificateSigningRequests(context);
    await assertDiscovered(context, client.kind, ["approval", "status"]);
    const certificates = api(CertificatesV1Api);
    const request = Buffer.from(await requestFor("e2e")).toString("base64");
    // Nobody in the cluster signs for this one.
    const signerName = "conformance.example.com/signer";

    await walkOperations(client, unique("csr"), {
      sample: (metadata) => ({
        metadata,
        spec: { request, signerName, expirationSeconds: 86_400, usages: ["client auth"] },
      }),
      async meanwhile(name) {
        const read = await certificates.readCertificateSigningRequestApproval({ name });
        // Who asked is what the server knows, whatever was sent.
        assert.ok(read.spec.username);
        assert.ok(read.spec.groups?.includes("system:authenticated"));
        assert.equal(read.status?.conditions, undefined);

        const condition = { type: "Approved", status: "True", reason: "E2E", message: "Set from a test" };
        const body = { ...read, status: { conditions: [condition] } };
        const approved = await certificates.replaceCertificateSigningRequestApproval({ name, body });
        assert.deepEqual(
          approved.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`),
          ["Approved E2E"],
        );
        assert.ok(approved.status?.conditions?.[0]?.lastUpdateTime);
        const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
        const annotated = await certificates.patchCertificateSigningRequestApproval(
          { name, body: { metadata: { annotations: { "patched-approval": "yes" } } } },
          merge,
        );
        assert.equal(annotated.status?.conditions?.length, 1);
        // What was approved cannot be denied, nor taken back.
        const denied = { ...approved, status: { conditions: [{ ...condition, type: "Denied" }] } };
        delete denied.metadata!.resourceVersion;
        await refused(certificates.replaceCertificateSigningRequestApproval({ name, body: denied }), 422);

        const noCertificate = Buffer.from("nonsense").toString("base64");
        await refused(client.patchStatus(name, { status: { certificate: noCertificate } }), 422, "Invalid");
        const failed = { ...condition, type: "Failed", reason: "NoSigner" };
        const updated = await client.updateStatus(name, ({ status }) => {
          status!.conditions!.push(failed);
        });
        assert.deepEqual(
          updated.status?.conditions?.map(({ type }) => type),
          ["Approved", "Failed"],
        );
        // The status is not changed by the other path, nor the request by any.
        await client.update(name, (object) => (object.status = {}));
        const { status, spec } = await client.readStatus(name);
        assert.equal(status?.conditions?.length, 2);
        assert.equal(spec.request, request);
        const other = await client.patch(name, { spec: { signerName: "example.com/other" } });
        assert.equal(other.spec.signerName, signerName);
      },
    });
  },
);
