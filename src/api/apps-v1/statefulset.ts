import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  int32,
  int64,
  intOrString,
  list,
  type Of,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const RollingUpdateStatefulSetStrategy = struct("apps.v1.RollingUpdateStatefulSetStrategy", {
  partition: int32(1).pointer(),
  maxUnavailable: intOrString(2).pointer().gate("MaxUnavailableStatefulSet"),
});
export interface RollingUpdateStatefulSetStrategy extends Of<typeof RollingUpdateStatefulSetStrategy> {}

export const StatefulSetUpdateStrategy = struct("apps.v1.StatefulSetUpdateStrategy", {
  type: string(1).oneOf("RollingUpdate", "OnDelete").default("RollingUpdate"),
  rollingUpdate: ref(2, RollingUpdateStatefulSetStrategy),
});
export interface StatefulSetUpdateStrategy extends Of<typeof StatefulSetUpdateStrategy> {}

export const StatefulSetPersistentVolumeClaimRetentionPolicy = struct(
  "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
  {
    whenDeleted: string(1),
    whenScaled: string(2),
  },
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Of<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
> {}

export const StatefulSetOrdinals = struct("apps.v1.StatefulSetOrdinals", {
  start: int32(1).always(),
});
export interface StatefulSetOrdinals extends Of<typeof StatefulSetOrdinals> {}

export const StatefulSetSpec = struct("apps.v1.StatefulSetSpec", {
  replicas: int32(1).pointer().default(1),
  selector: ref(2, LabelSelector).required(),
  template: value(3, PodTemplateSpec).required(),
  volumeClaimTemplates: list(4, PersistentVolumeClaim).atomic(),
  serviceName: string(5).always(),
  podManagementPolicy: string(6).oneOf("OrderedReady", "Parallel").default("OrderedReady"),
  updateStrategy: value(7, StatefulSetUpdateStrategy),
  revisionHistoryLimit: int32(8).pointer().default(10),
  minReadySeconds: int32(9),
  persistentVolumeClaimRetentionPolicy: ref(10, StatefulSetPersistentVolumeClaimRetentionPolicy),
  ordinals: ref(11, StatefulSetOrdinals),
});
export interface StatefulSetSpec extends Of<typeof StatefulSetSpec> {}

export const StatefulSetCondition = struct("apps.v1.StatefulSetCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
});
export interface StatefulSetCondition extends Of<typeof StatefulSetCondition> {}

export const StatefulSetStatus = struct("apps.v1.StatefulSetStatus", {
  observedGeneration: int64(1),
  replicas: int32(2).required(),
  readyReplicas: int32(3),
  currentReplicas: int32(4),
  updatedReplicas: int32(5),
  currentRevision: string(6),
  updateRevision: string(7),
  collisionCount: int32(9).pointer(),
  conditions: list(10, StatefulSetCondition).mergedBy("type"),
  availableReplicas: int32(11).always(),
});
export interface StatefulSetStatus extends Of<typeof StatefulSetStatus> {}

export const StatefulSet = resource({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  shortNames: ["sts"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: StatefulSetSpec,
  status: StatefulSetStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },
});
export interface StatefulSet extends Of<typeof StatefulSet> {}
