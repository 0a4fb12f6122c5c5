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

export const RollingUpdateDaemonSet = struct("apps.v1.RollingUpdateDaemonSet", {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDaemonSet extends Of<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct("apps.v1.DaemonSetUpdateStrategy", {
  type: string(1).oneOf("RollingUpdate", "OnDelete").default("RollingUpdate"),
  rollingUpdate: ref(2, RollingUpdateDaemonSet),
});
export interface DaemonSetUpdateStrategy extends Of<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct("apps.v1.DaemonSetSpec", {
  selector: ref(1, LabelSelector).required(),
  template: value(2, PodTemplateSpec).required(),
  updateStrategy: value(3, DaemonSetUpdateStrategy),
  minReadySeconds: int32(4),
  revisionHistoryLimit: int32(6).pointer().default(10),
});
export interface DaemonSetSpec extends Of<typeof DaemonSetSpec> {}

export const DaemonSetCondition = struct("apps.v1.DaemonSetCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
});
export interface DaemonSetCondition extends Of<typeof DaemonSetCondition> {}

export const DaemonSetStatus = struct("apps.v1.DaemonSetStatus", {
  currentNumberScheduled: int32(1).required(),
  numberMisscheduled: int32(2).required(),
  desiredNumberScheduled: int32(3).required(),
  numberReady: int32(4).required(),
  observedGeneration: int64(5),
  updatedNumberScheduled: int32(6),
  numberAvailable: int32(7),
  numberUnavailable: int32(8),
  collisionCount: int32(9).pointer(),
  conditions: list(10, DaemonSetCondition).mergedBy("type"),
});
export interface DaemonSetStatus extends Of<typeof DaemonSetStatus> {}

export const DaemonSet = resource({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: DaemonSetSpec,
  status: DaemonSetStatus,
});
export interface DaemonSet extends Of<typeof DaemonSet> {}
