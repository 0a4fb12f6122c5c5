import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bytes, int32, list, listOf, map, type Of, resource, string, struct, time } from "#machinery/schema";

export const CertificateSigningRequestSpec = struct("certificates.v1.CertificateSigningRequestSpec", {
  request: bytes(1).required(),
  signerName: string(7).required(),
  expirationSeconds: int32(8).pointer(),
  usages: list(5, string).atomic(),
  username: string(2),
  uid: string(3),
  groups: list(4, string).atomic(),
  extra: map(6, listOf(string)),
});
export interface CertificateSigningRequestSpec extends Of<typeof CertificateSigningRequestSpec> {}

export const CertificateSigningRequestCondition = struct(
  "certificates.v1.CertificateSigningRequestCondition",
  {
    type: string(1).required(),
    status: string(6).required(),
    reason: string(2),
    message: string(3),
    lastUpdateTime: time(4).orNull(),
    lastTransitionTime: time(5).orNull(),
  },
);
export interface CertificateSigningRequestCondition extends Of<typeof CertificateSigningRequestCondition> {}

export const CertificateSigningRequestStatus = struct("certificates.v1.CertificateSigningRequestStatus", {
  conditions: list(1, CertificateSigningRequestCondition).keyedBy("type"),
  certificate: bytes(2),
});
export interface CertificateSigningRequestStatus extends Of<typeof CertificateSigningRequestStatus> {}

export const CertificateSigningRequest = resource({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  shortNames: ["csr"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: CertificateSigningRequestSpec,
  specRequired: true,
  status: CertificateSigningRequestStatus,
  counted: false,
  subresources: {
    approval: { kind: "CertificateSigningRequest", verbs: ["get", "patch", "update"] },
  },
});
export interface CertificateSigningRequest extends Of<typeof CertificateSigningRequest> {}
