import type { APIServiceSpec } from "#api/apiregistration-v1/apiservice";

/** Where a group stands in discovery, and a version in its group: higher comes first. */
export type Priority = Pick<APIServiceSpec, "groupPriorityMinimum" | "versionPriority">;

/** The group's place, and those of its versions that are not the usual one. */
const GROUPS: Readonly<
  Record<string, readonly [group: number, versions?: Readonly<Record<string, number>>]>
> = {
  "": [18_000, { v1: 1 }],
  apps: [17_800],
  "events.k8s.io": [17_750],
  "authentication.k8s.io": [17_700],
  "authorization.k8s.io": [17_600],
  autoscaling: [17_500, { v2: 30 }],
  batch: [17_400],
  "certificates.k8s.io": [17_300],
  "networking.k8s.io": [17_200],
  policy: [17_100],
  "rbac.authorization.k8s.io": [17_000],
  "storage.k8s.io": [16_800],
  "admissionregistration.k8s.io": [16_700, { v1beta1: 12, v1alpha1: 9 }],
  "apiextensions.k8s.io": [16_700],
  "scheduling.k8s.io": [16_600],
  "coordination.k8s.io": [16_500, { v1beta1: 13, v1alpha2: 12 }],
  "node.k8s.io": [16_300],
  "discovery.k8s.io": [16_200, { v1beta1: 12 }],
  "flowcontrol.apiserver.k8s.io": [16_100, { v1: 21 }],
  "internal.apiserver.k8s.io": [16_000, { v1alpha1: 9 }],
  "resource.k8s.io": [15_900, { v1: 20, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
  "storagemigration.k8s.io": [15_800],
};

const VERSION_PRIORITY = 15;
const BETA_PRIORITY = 9;
const ALPHA_PRIORITY = 1;

/** Undefined: the group is none of the server's own, or needs nobody to announce it. */
export function builtInPriority(group: string, version: string): Priority | undefined {
  const known = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined;
  if (!known) return undefined;
  const [groupPriorityMinimum, versions = {}] = known;
  return { groupPriorityMinimum, versionPriority: versions[version] ?? usual(version) };
}

const usual = (version: string): number =>
  version.includes("alpha") ? ALPHA_PRIORITY : version.includes("beta") ? BETA_PRIORITY : VERSION_PRIORITY;

/** Of the groups of custom kinds. */
export const CUSTOM_PRIORITY: Priority = { groupPriorityMinimum: 1000, versionPriority: 100 };

/** The group of API services itself is before all others, and nobody announces it. */
export const FIRST_PRIORITY: Priority = { groupPriorityMinimum: 20_000, versionPriority: 15 };
