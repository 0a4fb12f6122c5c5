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
    maxUnavailable: intOrString(1).pointer().default(1),
    maxSurge: intOrString(2).pointer().default(0),
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
  type: string(1).oneOf("RollingUpdate", "OnDelete").default("RollingUpdate"),
  rollingUpdate: ref(2, RollingUpdateDaemonSet),
});
export interface DaemonSetUpdateStrategy extends Of<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct("apps.v1.DaemonSetSpec", {
  selector: ref(1, LabelSelector).required().immutable(),
  template: value(2, PodTemplateSpec).required(),
  updateStrategy: value(3, DaemonSetUpdateStrategy),
  minReadySeconds: int32(4).min(0),
  revisionHistoryLimit: int32(6).pointer().default(10).min(0),
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
  currentNumberScheduled: int32(1).required().min(0),
  numberMisscheduled: int32(2).required().min(0),
  desiredNumberScheduled: int32(3).required().min(0),
  numberReady: int32(4).required().min(0),
  observedGeneration: int64(5).min(0),
  updatedNumberScheduled: int32(6).min(0),
  numberAvailable: int32(7).min(0),
  numberUnavailable: int32(8).min(0),
  collisionCount: int32(9).pointer().min(0),
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
  },
});
export interface DaemonSet extends Of<typeof DaemonSet> {}
