import { ageColumn, containerColumns, nameColumn, selectorText, text, wide } from "#api/columns";
import { podNameWarnings, templateWarnings } from "#api/core-v1/pod-warnings";
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
    maxUnavailable: intOrString(1)
      .pointer()
      .default("25%")
      .doc("Pods that may be missing meanwhile, as a number or percentage."),
    maxSurge: intOrString(2)
      .pointer()
      .default("25%")
      .doc("Pods that may be there beyond the wanted number meanwhile."),
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
    type: string(1)
      .oneOf("Recreate", "RollingUpdate")
      .default("RollingUpdate")
      .doc("All at once, or step by step."),
    rollingUpdate: ref(2, RollingUpdateDeployment).doc("Size of the steps."),
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
  replicas: int32(1).pointer().default(1).min(0).doc("How many pods are wanted."),
  selector: ref(2, LabelSelector).required().immutable().doc("Which pods are its own; never changes."),
  template: value(3, PodTemplateSpec).required().doc("What its pods are made from."),
  strategy: value(4, DeploymentStrategy).patch("retainKeys").doc("How old pods give way to new ones."),
  minReadySeconds: int32(5).min(0).doc("Ready this long counts as available."),
  revisionHistoryLimit: int32(6)
    .pointer()
    .default(10)
    .min(0)
    .doc("Old ReplicaSets that are kept to go back to."),
  paused: bool(7).doc("Changes of the template wait."),
  progressDeadlineSeconds: int32(9)
    .pointer()
    .default(600)
    .min(0)
    .doc("Without progress for so long it counts as stuck."),
});
export interface DeploymentSpec extends Of<typeof DeploymentSpec> {}

export const DeploymentCondition = struct("apps.v1.DeploymentCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastUpdateTime: time(6).orNull().doc("When the condition was last looked at."),
  lastTransitionTime: time(7).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface DeploymentCondition extends Of<typeof DeploymentCondition> {}

export const DeploymentStatus = struct("apps.v1.DeploymentStatus", {
  observedGeneration: int64(1).min(0).doc("Generation of the object that this is about."),
  replicas: int32(2).min(0).doc("Pods that exist."),
  updatedReplicas: int32(3).min(0).doc("Pods of the newest template."),
  readyReplicas: int32(7).min(0).doc("Pods that are ready."),
  availableReplicas: int32(4).min(0).doc("Pods that have been ready for long enough."),
  unavailableReplicas: int32(5).min(0).doc("Pods that are still missing."),
  terminatingReplicas: int32(9).pointer().min(0).doc("Pods on their way out."),
  conditions: list(6, DeploymentCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
  collisionCount: int32(8).pointer().min(0).doc("Times that the name of a new ReplicaSet was taken."),
});
export interface DeploymentStatus extends Of<typeof DeploymentStatus> {}

export const Deployment = resource({
  apiVersion: "apps/v1",
  kind: "Deployment",
  doc: "Keeps pods of one template alive, and replaces them step by step when it changes.",
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
    *warnings(now, old) {
      yield* podNameWarnings(now.metadata, old);
      yield* templateWarnings(now.spec.template, "spec.template", now, old);
    },
  },
});
export interface Deployment extends Of<typeof Deployment> {}
