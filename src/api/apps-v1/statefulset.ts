import { ageColumn, containerColumns, nameColumn, text } from "#api/columns";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { countOrPercent, isNothing, named, sameValue } from "#api/checks";
import { collisionProblems, endlessProblems, selectorProblems, statusProblems } from "./workload-rules.ts";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
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

export const RollingUpdateStatefulSetStrategy = struct(
  "apps.v1.RollingUpdateStatefulSetStrategy",
  {
    partition: int32(1).pointer().default(0).min(0),
    maxUnavailable: intOrString(2).pointer().gate("MaxUnavailableStatefulSet"),
  },
  {
    *validate({ maxUnavailable }, path) {
      yield* countOrPercent(at(path, "maxUnavailable"), maxUnavailable);
      if (maxUnavailable !== undefined && isNothing(maxUnavailable))
        yield invalid(at(path, "maxUnavailable"), maxUnavailable, "cannot be 0");
    },
  },
);
export interface RollingUpdateStatefulSetStrategy extends Of<typeof RollingUpdateStatefulSetStrategy> {}

export const StatefulSetUpdateStrategy = struct(
  "apps.v1.StatefulSetUpdateStrategy",
  {
    type: string(1).oneOf("RollingUpdate", "OnDelete").default("RollingUpdate"),
    rollingUpdate: ref(2, RollingUpdateStatefulSetStrategy),
  },
  {
    *validate({ type, rollingUpdate }, path) {
      if (type === "OnDelete" && rollingUpdate)
        yield invalid(
          at(path, "rollingUpdate"),
          rollingUpdate,
          "only allowed for updateStrategy 'RollingUpdate'",
        );
    },
  },
);
export interface StatefulSetUpdateStrategy extends Of<typeof StatefulSetUpdateStrategy> {}

export const StatefulSetPersistentVolumeClaimRetentionPolicy = struct(
  "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
  {
    whenDeleted: string(1).oneOf("Retain", "Delete").default("Retain"),
    whenScaled: string(2).oneOf("Retain", "Delete").default("Retain"),
  },
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Of<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
> {}

export const StatefulSetOrdinals = struct("apps.v1.StatefulSetOrdinals", {
  start: int32(1).always().min(0),
});
export interface StatefulSetOrdinals extends Of<typeof StatefulSetOrdinals> {}

export const StatefulSetSpec = struct("apps.v1.StatefulSetSpec", {
  replicas: int32(1).pointer().default(1).min(0),
  selector: ref(2, LabelSelector).required(),
  template: value(3, PodTemplateSpec).required(),
  volumeClaimTemplates: list(4, PersistentVolumeClaim).atomic(),
  serviceName: string(5).always(),
  podManagementPolicy: string(6).oneOf("OrderedReady", "Parallel").default("OrderedReady"),
  updateStrategy: value(7, StatefulSetUpdateStrategy),
  revisionHistoryLimit: int32(8).pointer().default(10).min(0),
  minReadySeconds: int32(9).min(0),
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
  observedGeneration: int64(1).min(0),
  replicas: int32(2).required().min(0),
  readyReplicas: int32(3).min(0),
  currentReplicas: int32(4).min(0),
  updatedReplicas: int32(5).min(0),
  currentRevision: string(6),
  updateRevision: string(7),
  collisionCount: int32(9).pointer().min(0),
  conditions: list(10, StatefulSetCondition).mergedBy("type"),
  availableReplicas: int32(11).always().min(0),
});
export interface StatefulSetStatus extends Of<typeof StatefulSetStatus> {}

/** What of a spec may change; everything else makes other pods than the ones that exist. */
const MAY_CHANGE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const satisfies readonly (keyof StatefulSetSpec)[];

const MAY_CHANGE_TEXT =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

const fixedPart = (spec: StatefulSetSpec): Partial<StatefulSetSpec> =>
  Object.fromEntries(
    Object.entries(spec).filter(([name]) => !(MAY_CHANGE as readonly string[]).includes(name)),
  );

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

  columns: [
    nameColumn,
    text("Ready", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    ageColumn,
    ...containerColumns<{ readonly spec: StatefulSetSpec }>(({ spec }) => spec.template.spec),
  ],
  rules: {
    defaults(set) {
      const { spec } = set;
      const { updateStrategy } = spec;
      const retention = spec.persistentVolumeClaimRetentionPolicy;
      return {
        ...set,
        spec: {
          ...spec,
          template: templateDefaults(spec.template),
          persistentVolumeClaimRetentionPolicy: retention ?? { whenDeleted: "Retain", whenScaled: "Retain" },
          updateStrategy:
            updateStrategy.type === "RollingUpdate" && !updateStrategy.rollingUpdate
              ? { ...updateStrategy, rollingUpdate: { partition: 0 } }
              : updateStrategy,
          ...(spec.volumeClaimTemplates
            ? {
                volumeClaimTemplates: spec.volumeClaimTemplates.map((claim) => ({
                  ...claim,
                  apiVersion: "v1",
                  kind: "PersistentVolumeClaim",
                })),
              }
            : {}),
        },
      };
    },
    *validate({ spec }) {
      yield* selectorProblems(spec, "statefulset");
      yield* endlessProblems(spec.template.spec, "StatefulSet");
    },
    *validateCreate({ metadata }) {
      if (metadata.name) yield* named("metadata.name", metadata.name, "dns-label");
    },
    *validateUpdate({ spec }, old) {
      if (!sameValue(fixedPart(spec), fixedPart(old.spec))) yield forbidden("spec", MAY_CHANGE_TEXT);
    },
    *validateStatusUpdate({ status }, old) {
      const { replicas, readyReplicas = 0, currentReplicas, updatedReplicas, availableReplicas } = status;
      const counts = { readyReplicas, currentReplicas, updatedReplicas, availableReplicas };
      yield* statusProblems(counts, replicas, readyReplicas);
      yield* collisionProblems(status.collisionCount, old.status.collisionCount);
    },
  },
});
export interface StatefulSet extends Of<typeof StatefulSet> {}
