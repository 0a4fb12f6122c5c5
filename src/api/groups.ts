/** An API group as discovery lists it. */
export interface GroupFacts {
  /** Empty for the core group, which lives below `/api`. */
  readonly name: string;
  /** Best first. */
  readonly versions: readonly string[];
  readonly preferred: string;
  /** The versions that are on without extra flags. */
  readonly served: readonly string[];
}

/** Built-in groups in the order of discovery. */
export const groups: readonly GroupFacts[] = [
  {
    name: "apiregistration.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "apps",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "events.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "authentication.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "authorization.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "autoscaling",
    versions: ["v2", "v1"],
    preferred: "v2",
    served: ["v2", "v1"],
  },
  {
    name: "batch",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "certificates.k8s.io",
    versions: ["v1", "v1beta1", "v1alpha1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "networking.k8s.io",
    versions: ["v1", "v1beta1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "policy",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "rbac.authorization.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "storage.k8s.io",
    versions: ["v1", "v1beta1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "admissionregistration.k8s.io",
    versions: ["v1", "v1beta1", "v1alpha1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "apiextensions.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "scheduling.k8s.io",
    versions: ["v1", "v1alpha1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "coordination.k8s.io",
    versions: ["v1", "v1beta1", "v1alpha2"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "node.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "discovery.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "flowcontrol.apiserver.k8s.io",
    versions: ["v1"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "internal.apiserver.k8s.io",
    versions: ["v1alpha1"],
    preferred: "v1alpha1",
    served: [],
  },
  {
    name: "resource.k8s.io",
    versions: ["v1", "v1beta2", "v1beta1", "v1alpha3"],
    preferred: "v1",
    served: ["v1"],
  },
  {
    name: "storagemigration.k8s.io",
    versions: ["v1beta1"],
    preferred: "v1beta1",
    served: [],
  },
];
