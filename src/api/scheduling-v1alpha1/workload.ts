import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const BasicSchedulingPolicy = struct("scheduling.v1alpha1.BasicSchedulingPolicy", {});
export interface BasicSchedulingPolicy extends Of<typeof BasicSchedulingPolicy> {}

export const GangSchedulingPolicy = struct("scheduling.v1alpha1.GangSchedulingPolicy", {
  minCount: int32(1).required(),
});
export interface GangSchedulingPolicy extends Of<typeof GangSchedulingPolicy> {}

export const PodGroupPolicy = struct("scheduling.v1alpha1.PodGroupPolicy", {
  basic: ref(2, BasicSchedulingPolicy),
  gang: ref(3, GangSchedulingPolicy),
});
export interface PodGroupPolicy extends Of<typeof PodGroupPolicy> {}

export const PodGroup = struct("scheduling.v1alpha1.PodGroup", {
  name: string(1).required(),
  policy: value(3, PodGroupPolicy).required(),
});
export interface PodGroup extends Of<typeof PodGroup> {}

export const TypedLocalObjectReference = struct("scheduling.v1alpha1.TypedLocalObjectReference", {
  apiGroup: string(1),
  kind: string(2).required(),
  name: string(3).required(),
});
export interface TypedLocalObjectReference extends Of<typeof TypedLocalObjectReference> {}

export const WorkloadSpec = struct("scheduling.v1alpha1.WorkloadSpec", {
  controllerRef: ref(1, TypedLocalObjectReference),
  podGroups: list(2, PodGroup).required().keyedBy("name"),
});
export interface WorkloadSpec extends Of<typeof WorkloadSpec> {}

export const Workload = resource({
  apiVersion: "scheduling.k8s.io/v1alpha1",
  kind: "Workload",
  plural: "workloads",
  namespaced: true,
  metadata: ObjectMeta,
  spec: WorkloadSpec,
  specRequired: true,
  servedByDefault: false,
});
export interface Workload extends Of<typeof Workload> {}
