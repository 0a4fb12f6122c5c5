import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bundleProblems, bundleUpdateProblems } from "./trust-bundle-rules.ts";
import { type Of, resource, string, struct } from "#machinery/schema";

export const ClusterTrustBundleSpec = struct("certificates.v1beta1.ClusterTrustBundleSpec", {
  signerName: string(1),
  trustBundle: string(2).required(),
});
export interface ClusterTrustBundleSpec extends Of<typeof ClusterTrustBundleSpec> {}

export const ClusterTrustBundle = resource({
  apiVersion: "certificates.k8s.io/v1beta1",
  kind: "ClusterTrustBundle",
  plural: "clustertrustbundles",
  namespaced: false,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  spec: ClusterTrustBundleSpec,
  specRequired: true,
  unconditionalUpdate: false,
  servedByDefault: false,

  columns: [nameColumn, text("SignerName", ({ spec }) => spec.signerName ?? "")],

  fieldSelectors: { "spec.signerName": ({ spec }) => spec.signerName ?? "" },
  rules: {
    validate: bundleProblems,
    validateUpdate: bundleUpdateProblems,
  },
});
export interface ClusterTrustBundle extends Of<typeof ClusterTrustBundle> {}
