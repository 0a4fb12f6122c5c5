import { bundleProblems, bundleUpdateProblems } from "#api/certificates-v1beta1/trust-bundle-rules";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource, string, struct } from "#machinery/schema";

export const ClusterTrustBundleSpec = struct("certificates.v1alpha1.ClusterTrustBundleSpec", {
  signerName: string(1),
  trustBundle: string(2).required(),
});
export interface ClusterTrustBundleSpec extends Of<typeof ClusterTrustBundleSpec> {}

export const ClusterTrustBundle = resource({
  apiVersion: "certificates.k8s.io/v1alpha1",
  kind: "ClusterTrustBundle",
  plural: "clustertrustbundles",
  namespaced: false,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  spec: ClusterTrustBundleSpec,
  specRequired: true,
  unconditionalUpdate: false,
  storedAs: "certificates.k8s.io/v1beta1/ClusterTrustBundle",
  servedByDefault: false,
  rules: {
    validate: bundleProblems,
    validateUpdate: bundleUpdateProblems,
  },
});
export interface ClusterTrustBundle extends Of<typeof ClusterTrustBundle> {}
