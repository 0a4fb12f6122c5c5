import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, int64, list, map, type Of, ref, resource, string, struct, time } from "#machinery/schema";

export const ReplicationControllerSpec = struct("core.v1.ReplicationControllerSpec", {
  replicas: int32(1).pointer().default(1).min(0),
  minReadySeconds: int32(4).min(0),
  selector: map(2, string).atomic(),
  template: ref(3, PodTemplateSpec),
});
export interface ReplicationControllerSpec extends Of<typeof ReplicationControllerSpec> {}

export const ReplicationControllerCondition = struct("core.v1.ReplicationControllerCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
});
export interface ReplicationControllerCondition extends Of<typeof ReplicationControllerCondition> {}

export const ReplicationControllerStatus = struct("core.v1.ReplicationControllerStatus", {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  observedGeneration: int64(3),
  conditions: list(6, ReplicationControllerCondition).mergedBy("type"),
});
export interface ReplicationControllerStatus extends Of<typeof ReplicationControllerStatus> {}

export const ReplicationController = resource({
  apiVersion: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  shortNames: ["rc"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ReplicationControllerSpec,
  status: ReplicationControllerStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },
  storagePrefix: "controllers",
});
export interface ReplicationController extends Of<typeof ReplicationController> {}
