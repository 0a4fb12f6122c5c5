import { ageColumn, containerColumns, nameColumn, selectorText, text, wide } from "#api/columns";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { countOrPercent, isNothing } from "#api/checks";
import { collisionProblems, endlessProblems, selectorProblems, statusProblems } from "./workload-rules.ts";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  bool,
  forbidden,
  int32,
  int64,
  intOrString,
  invalid,
  list,
  type Of,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const RollingUpdateDeployment = struct(
  "apps.v1.RollingUpdateDeployment",
  {
    maxUnavailable: intOrString(1).pointer().default("25%"),
    maxSurge: intOrString(2).pointer().default("25%"),
  },
  {
    *validate({ maxUnavailable, maxSurge }, path) {
      yield* countOrPercent(at(path, "maxUnavailable"), maxUnavailable);
      yield* countOrPercent(at(path, "maxSurge"), maxSurge);
      if (isNothing(maxUnavailable) && isNothing(maxSurge))
        yield invalid(at(path, "maxUnavailable"), maxUnavailable, "may not be 0 when `maxSurge` is 0");
    },
  },
);
export interface RollingUpdateDeployment extends Of<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct(
  "apps.v1.DeploymentStrategy",
  {
    type: string(1).oneOf("Recreate", "RollingUpdate").default("RollingUpdate"),
    rollingUpdate: ref(2, RollingUpdateDeployment),
  },
  {
    *validate({ type, rollingUpdate }, path) {
      if (type === "Recreate" && rollingUpdate)
        yield forbidden(at(path, "rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
    },
  },
);
export interface DeploymentStrategy extends Of<typeof DeploymentStrategy> {}

export const DeploymentSpec = struct("apps.v1.DeploymentSpec", {
  replicas: int32(1).pointer().default(1).min(0),
  selector: ref(2, LabelSelector).required().immutable(),
  template: value(3, PodTemplateSpec).required(),
  strategy: value(4, DeploymentStrategy).patch("retainKeys"),
  minReadySeconds: int32(5).min(0),
  revisionHistoryLimit: int32(6).pointer().default(10).min(0),
  paused: bool(7),
  progressDeadlineSeconds: int32(9).pointer().default(600).min(0),
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
  observedGeneration: int64(1).min(0),
  replicas: int32(2).min(0),
  updatedReplicas: int32(3).min(0),
  readyReplicas: int32(7).min(0),
  availableReplicas: int32(4).min(0),
  unavailableReplicas: int32(5).min(0),
  terminatingReplicas: int32(9).pointer().min(0),
  conditions: list(6, DeploymentCondition).mergedBy("type"),
  collisionCount: int32(8).pointer().min(0),
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

  columns: [
    nameColumn,
    text("Ready", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    text("Up-to-date", ({ status }) => status.updatedReplicas ?? 0),
    text("Available", ({ status }) => status.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<{ readonly spec: DeploymentSpec }>(({ spec }) => spec.template.spec),
    wide("Selector", ({ spec }) => selectorText(spec.selector)),
  ],
  rules: {
    defaults(deployment) {
      const { spec } = deployment;
      const { strategy } = spec;
      const rolls = strategy.type === "RollingUpdate" && !strategy.rollingUpdate;
      return {
        ...deployment,
        spec: {
          ...spec,
          template: templateDefaults(spec.template),
          strategy: rolls
            ? { ...strategy, rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } }
            : strategy,
        },
      };
    },
    *validate({ spec }) {
      yield* selectorProblems(spec, "deployment");
      yield* endlessProblems(spec.template.spec, "Deployment");
      if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0))
        yield invalid(
          "spec.progressDeadlineSeconds",
          spec.progressDeadlineSeconds,
          "must be greater than minReadySeconds",
        );
    },
    *validateStatusUpdate({ status }, old) {
      const { replicas = 0, readyReplicas = 0, updatedReplicas, availableReplicas } = status;
      yield* statusProblems({ updatedReplicas, readyReplicas, availableReplicas }, replicas, readyReplicas);
      yield* collisionProblems(status.collisionCount, old.status.collisionCount);
    },
  },
});
export interface Deployment extends Of<typeof Deployment> {}
