import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bytes, int32, list, map, type Of, resource, string, struct, time } from "#machinery/schema";

export const PodCertificateRequestSpec = struct("certificates.v1beta1.PodCertificateRequestSpec", {
  signerName: string(1).required(),
  podName: string(2).required(),
  podUID: string(3).required(),
  serviceAccountName: string(4).required(),
  serviceAccountUID: string(5).required(),
  nodeName: string(6).required(),
  nodeUID: string(7).required(),
  maxExpirationSeconds: int32(8).pointer().default(86400),
  pkixPublicKey: bytes(9).required(),
  proofOfPossession: bytes(10).required(),
  unverifiedUserAnnotations: map(11, string),
});
export interface PodCertificateRequestSpec extends Of<typeof PodCertificateRequestSpec> {}

export const PodCertificateRequestStatus = struct("certificates.v1beta1.PodCertificateRequestStatus", {
  conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
  certificateChain: string(2),
  notBefore: time(4).pointer(),
  beginRefreshAt: time(5).pointer(),
  notAfter: time(6).pointer(),
});
export interface PodCertificateRequestStatus extends Of<typeof PodCertificateRequestStatus> {}

export const PodCertificateRequest = resource({
  apiVersion: "certificates.k8s.io/v1beta1",
  kind: "PodCertificateRequest",
  plural: "podcertificaterequests",
  namespaced: true,
  metadata: ObjectMeta,
  spec: PodCertificateRequestSpec,
  specRequired: true,
  status: PodCertificateRequestStatus,
  counted: false,
  unconditionalUpdate: false,
  servedByDefault: false,

  fieldSelectors: {
    "spec.signerName": ({ spec }) => spec.signerName,
    "spec.podName": ({ spec }) => spec.podName,
    "spec.nodeName": ({ spec }) => spec.nodeName,
  },
});
export interface PodCertificateRequest extends Of<typeof PodCertificateRequest> {}
