import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, int64, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const ReplicaSetSpec = struct("apps.v1.ReplicaSetSpec", {
  replicas: int32(1).pointer().default(1),
  minReadySeconds: int32(4),
  selector: ref(2, LabelSelector).required(),
  template: value(3, PodTemplateSpec),
});
export interface ReplicaSetSpec extends Of<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = struct("apps.v1.ReplicaSetCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
});
export interface ReplicaSetCondition extends Of<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = struct("apps.v1.ReplicaSetStatus", {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  terminatingReplicas: int32(7).pointer(),
  observedGeneration: int64(3),
  conditions: list(6, ReplicaSetCondition).mergedBy("type"),
});
export interface ReplicaSetStatus extends Of<typeof ReplicaSetStatus> {}

export const ReplicaSet = resource({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ReplicaSetSpec,
  status: ReplicaSetStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },
});
export interface ReplicaSet extends Of<typeof ReplicaSet> {}
