import assert from "node:assert/strict";
import { test } from "node:test";
import type { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { parseTime } from "#machinery/time";
import { type Asked, expiresAtMs, rightsFor } from "./plan.ts";

const NODE: Asked = { commonName: "system:node:n", organizations: ["system:nodes"], dns: [], addresses: [] };

const csr = (spec: object, status?: object) =>
  ({
    metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: ["digital signature", "client auth"],
      username: "system:bootstrap:a",
      ...spec,
    },
    ...(status ? { status } : {}),
  }) as unknown as CertificateSigningRequest;

const RIGHTS: readonly (readonly [string, object, Partial<Asked>, readonly string[]])[] = [
  ["a node's first", {}, {}, ["nodeclient"]],
  ["a node's own renewal", { username: "system:node:n" }, {}, ["selfnodeclient", "nodeclient"]],
  [
    "with encipherment",
    { usages: ["key encipherment", "digital signature", "client auth"] },
    {},
    ["nodeclient"],
  ],
  ["another signer", { signerName: "kubernetes.io/kubelet-serving" }, {}, []],
  ["other usages", { usages: ["client auth", "digital signature", "server auth"] }, {}, []],
  ["another group", {}, { organizations: ["system:nodes", "system:masters"] }, []],
  ["another name", {}, { commonName: "ann" }, []],
  ["names of hosts", {}, { dns: ["n"] }, []],
];

for (const [name, spec, asked, rights] of RIGHTS) {
  test(`a certificate request is approved by itself: ${name}`, () => {
    const found = rightsFor(csr(spec), { ...NODE, ...asked });
    assert.deepEqual(
      found.map(({ subresource }) => subresource),
      rights,
    );
  });
}

const decided = (type: string, more: object = {}) => ({
  conditions: [{ type, status: "True", lastUpdateTime: "2026-01-01T05:00:00Z" }],
  ...more,
});

const ENDS: readonly (readonly [string, object | undefined, string | undefined])[] = [
  ["nobody has decided", undefined, "2026-01-02T00:00:00Z"],
  ["denied", decided("Denied"), "2026-01-01T06:00:00Z"],
  ["failed", decided("Failed"), "2026-01-01T06:00:00Z"],
  ["approved and signed", decided("Approved", { certificate: "Y2VydA==" }), "2026-01-01T06:00:00Z"],
  ["approved, and waiting for its signer", decided("Approved"), undefined],
];

for (const [name, status, ends] of ENDS) {
  test(`when a certificate request goes: ${name}`, () =>
    assert.equal(expiresAtMs(csr({}, status)), ends === undefined ? Infinity : parseTime(ends)));
}
