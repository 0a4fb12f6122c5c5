import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
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

export const RollingUpdateDeployment = struct("apps.v1.RollingUpdateDeployment", {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDeployment extends Of<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct("apps.v1.DeploymentStrategy", {
  type: string(1).oneOf("Recreate", "RollingUpdate").default("RollingUpdate"),
  rollingUpdate: ref(2, RollingUpdateDeployment),
});
export interface DeploymentStrategy extends Of<typeof DeploymentStrategy> {}

export const DeploymentSpec = struct("apps.v1.DeploymentSpec", {
  replicas: int32(1).pointer().default(1),
  selector: ref(2, LabelSelector).required(),
  template: value(3, PodTemplateSpec).required(),
  strategy: value(4, DeploymentStrategy).patch("retainKeys"),
  minReadySeconds: int32(5),
  revisionHistoryLimit: int32(6).pointer().default(10),
  paused: bool(7),
  progressDeadlineSeconds: int32(9).pointer().default(600),
});
export interface DeploymentSpec extends Of<typeof DeploymentSpec> {}

export const DeploymentCondition = struct("apps.v1.DeploymentCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastUpdateTime: time(6).orNull(),
  lastTransitionTime: time(7).orNull(),
  reason: string(4),
  message: string(5),
});
export interface DeploymentCondition extends Of<typeof DeploymentCondition> {}

export const DeploymentStatus = struct("apps.v1.DeploymentStatus", {
  observedGeneration: int64(1),
  replicas: int32(2),
  updatedReplicas: int32(3),
  readyReplicas: int32(7),
  availableReplicas: int32(4),
  unavailableReplicas: int32(5),
  terminatingReplicas: int32(9).pointer(),
  conditions: list(6, DeploymentCondition).mergedBy("type"),
  collisionCount: int32(8).pointer(),
});
export interface DeploymentStatus extends Of<typeof DeploymentStatus> {}

export const Deployment = resource({
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: DeploymentSpec,
  status: DeploymentStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },
});
export interface Deployment extends Of<typeof Deployment> {}
