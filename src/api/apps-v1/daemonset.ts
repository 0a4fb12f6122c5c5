import {
  ageColumn,
  containerColumns,
  integer,
  nameColumn,
  labelText,
  selectorText,
  text,
  wide,
} from "#api/columns";
import { templateWarnings } from "#api/core-v1/pod-warnings";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { countOrPercent, isNothing } from "#api/checks";
import { collisionProblems, endlessProblems, selectorProblems } from "./workload-rules.ts";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  int32,
  int64,
  intOrString,
  invalid,
  list,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const RollingUpdateDaemonSet = struct(
  "apps.v1.RollingUpdateDaemonSet",
  {
    maxUnavailable: intOrString(1)
      .pointer()
      .default(1)
      .doc("Most nodes without a ready pod, as number or percentage."),
    maxSurge: intOrString(2)
      .pointer()
      .default(0)
      .doc("Most nodes with an old and a new pod, as number or percentage."),
  },
  {
    *validate({ maxUnavailable, maxSurge }, path) {
      yield* countOrPercent(at(path, "maxUnavailable"), maxUnavailable);
      yield* countOrPercent(at(path, "maxSurge"), maxSurge);
      if (!isNothing(maxUnavailable) && !isNothing(maxSurge))
        yield invalid(at(path, "maxSurge"), maxSurge, "may not be set when maxUnavailable is non-zero");
      if (isNothing(maxUnavailable) && isNothing(maxSurge))
        yield required(at(path, "maxUnavailable"), "cannot be 0 when maxSurge is 0");
    },
  },
);
export interface RollingUpdateDaemonSet extends Of<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct("apps.v1.DaemonSetUpdateStrategy", {
  type: string(1)
    .oneOf("RollingUpdate", "OnDelete")
    .default("RollingUpdate")
    .doc("RollingUpdate or OnDelete."),
  rollingUpdate: ref(2, RollingUpdateDaemonSet).doc("Settings of a rolling update."),
});
export interface DaemonSetUpdateStrategy extends Of<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct("apps.v1.DaemonSetSpec", {
  selector: ref(1, LabelSelector).required().immutable().doc("Which pods are its own; never changes."),
  template: value(2, PodTemplateSpec).required().doc("What its pods are made from."),
  updateStrategy: value(3, DaemonSetUpdateStrategy).doc("How pods are replaced when the template changes."),
  minReadySeconds: int32(4).min(0).doc("Ready this long counts as available."),
  revisionHistoryLimit: int32(6)
    .pointer()
    .default(10)
    .min(0)
    .doc("Old revisions that are kept to go back to."),
});
export interface DaemonSetSpec extends Of<typeof DaemonSetSpec> {}

export const DaemonSetCondition = struct("apps.v1.DaemonSetCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface DaemonSetCondition extends Of<typeof DaemonSetCondition> {}

export const DaemonSetStatus = struct("apps.v1.DaemonSetStatus", {
  currentNumberScheduled: int32(1).required().min(0).doc("Nodes that have the pod and should."),
  numberMisscheduled: int32(2).required().min(0).doc("Nodes that have the pod and should not."),
  desiredNumberScheduled: int32(3).required().min(0).doc("Nodes that should have the pod."),
  numberReady: int32(4).required().min(0).doc("Nodes where it is ready."),
  observedGeneration: int64(5).min(0).doc("Generation of the object that this is about."),
  updatedNumberScheduled: int32(6).min(0).doc("Nodes with a pod of the newest template."),
  numberAvailable: int32(7).min(0).doc("Nodes where it has been ready for long enough."),
  numberUnavailable: int32(8).min(0).doc("Nodes where it is missing."),
  collisionCount: int32(9).pointer().min(0).doc("Times that a new name was taken."),
  conditions: list(10, DaemonSetCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface DaemonSetStatus extends Of<typeof DaemonSetStatus> {}

export const DaemonSet = resource({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  doc: "Keeps one pod alive on every node that fits.",
  plural: "daemonsets",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: DaemonSetSpec,
  status: DaemonSetStatus,

  columns: [
    nameColumn,
    integer("Desired", ({ status }) => status.desiredNumberScheduled),
    integer("Current", ({ status }) => status.currentNumberScheduled),
    integer("Ready", ({ status }) => status.numberReady),
    integer("Up-to-date", ({ status }) => status.updatedNumberScheduled ?? 0),
    integer("Available", ({ status }) => status.numberAvailable ?? 0),
    text("Node Selector", ({ spec }) => labelText(spec.template.spec.nodeSelector)),
    ageColumn,
    ...containerColumns<{ readonly spec: DaemonSetSpec }>(({ spec }) => spec.template.spec),
    wide("Selector", ({ spec }) => selectorText(spec.selector)),
  ],
  rules: {
    defaults(set) {
      const { spec } = set;
      const strategy = spec.updateStrategy;
      const rolls = strategy.type === "RollingUpdate" && !strategy.rollingUpdate;
      return {
        ...set,
        spec: {
          ...spec,
          template: templateDefaults(spec.template),
          updateStrategy: rolls
            ? { ...strategy, rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
            : strategy,
        },
      };
    },
    *validate({ spec }) {
      yield* selectorProblems(spec, "daemonset");
      yield* endlessProblems(spec.template.spec, "DaemonSet");
    },
    *validateStatusUpdate({ status }, old) {
      yield* collisionProblems(status.collisionCount, old.status.collisionCount);
    },
    *warnings(now, old) {
      yield* templateWarnings(now.spec.template, "spec.template", now, old);
    },
  },
});
export interface DaemonSet extends Of<typeof DaemonSet> {}
