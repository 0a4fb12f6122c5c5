import { ageColumn, containerColumns, nameColumn, text } from "#api/columns";
import { templateWarnings } from "#api/core-v1/pod-warnings";
import { classAnnotationWarnings, claimSpecWarnings } from "#api/core-v1/claim-warnings";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { countOrPercent, isNothing, named, namedIfSet, sameValue } from "#api/checks";
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
  item,
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
    partition: int32(1).pointer().default(0).min(0).doc("Pods with a lower ordinal keep the old revision."),
    maxUnavailable: intOrString(2)
      .pointer()
      .gate("MaxUnavailableStatefulSet")
      .doc("Most pods that are not ready, as number or percentage."),
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
    type: string(1).oneOf("RollingUpdate", "OnDelete").assigned().doc("RollingUpdate or OnDelete."),
    rollingUpdate: ref(2, RollingUpdateStatefulSetStrategy).doc("Settings of a rolling update."),
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
    whenDeleted: string(1)
      .oneOf("Retain", "Delete")
      .default("Retain")
      .doc("Retain or Delete the claims when the set is deleted."),
    whenScaled: string(2)
      .oneOf("Retain", "Delete")
      .default("Retain")
      .doc("Retain or Delete the claims of pods that are scaled away."),
  },
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Of<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
> {}

export const StatefulSetOrdinals = struct("apps.v1.StatefulSetOrdinals", {
  start: int32(1).always().min(0).doc("Ordinal of the first pod."),
});
export interface StatefulSetOrdinals extends Of<typeof StatefulSetOrdinals> {}

export const StatefulSetSpec = struct("apps.v1.StatefulSetSpec", {
  replicas: int32(1).pointer().default(1).min(0).doc("How many pods are wanted."),
  selector: ref(2, LabelSelector).required().doc("Which pods are its own."),
  template: value(3, PodTemplateSpec).required().doc("What its pods are made from."),
  volumeClaimTemplates: list(4, PersistentVolumeClaim).atomic().doc("Claims that every pod gets and keeps."),
  serviceName: string(5).always().doc("Headless service that names its pods."),
  podManagementPolicy: string(6)
    .oneOf("OrderedReady", "Parallel")
    .default("OrderedReady")
    .doc("One pod after the other, or all at once."),
  updateStrategy: value(7, StatefulSetUpdateStrategy).doc("How pods are replaced when the template changes."),
  revisionHistoryLimit: int32(8)
    .pointer()
    .default(10)
    .min(0)
    .doc("Old revisions that are kept to go back to."),
  minReadySeconds: int32(9).min(0).doc("Ready this long counts as available."),
  persistentVolumeClaimRetentionPolicy: ref(10, StatefulSetPersistentVolumeClaimRetentionPolicy).doc(
    "What happens to claims that are not needed.",
  ),
  ordinals: ref(11, StatefulSetOrdinals).doc("Where the numbers of the pods start."),
});
export interface StatefulSetSpec extends Of<typeof StatefulSetSpec> {}

export const StatefulSetCondition = struct("apps.v1.StatefulSetCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface StatefulSetCondition extends Of<typeof StatefulSetCondition> {}

export const StatefulSetStatus = struct("apps.v1.StatefulSetStatus", {
  observedGeneration: int64(1).min(0).doc("Generation of the object that this is about."),
  replicas: int32(2).required().min(0).doc("How many pods there are."),
  readyReplicas: int32(3).min(0).doc("Pods that are ready."),
  currentReplicas: int32(4).min(0).doc("Pods of the current revision."),
  updatedReplicas: int32(5).min(0).doc("Pods of the new revision."),
  currentRevision: string(6).doc("Revision that the update comes from."),
  updateRevision: string(7).doc("Revision that the update goes to."),
  collisionCount: int32(9).pointer().min(0).doc("Times that a new name was taken."),
  conditions: list(10, StatefulSetCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
  availableReplicas: int32(11).always().min(0).doc("Pods that have been ready for long enough."),
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
  doc: "Keeps numbered pods alive, each with its own name and storage.",
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
          // Only who says nothing at all gets the details filled in as well.
          updateStrategy: updateStrategy.type
            ? updateStrategy
            : {
                type: "RollingUpdate" as const,
                rollingUpdate: updateStrategy.rollingUpdate ?? { partition: 0 },
              },
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
    *validateCreate({ metadata, spec }) {
      if (metadata.name) yield* named("metadata.name", metadata.name, "dns-label");
      yield* namedIfSet("spec.serviceName", spec.serviceName, "dns-label");
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
    *warnings(now, old) {
      if (old && now.metadata.generation === old.metadata.generation) return;
      yield* templateWarnings(now.spec.template, "spec.template", now, old);
      for (const [index, { metadata, spec }] of (now.spec.volumeClaimTemplates ?? []).entries()) {
        const where = item("spec.volumeClaimTemplates", index);
        yield* classAnnotationWarnings(metadata, `${where}.metadata`);
        yield* claimSpecWarnings(spec, `${where}.spec`);
      }
    },
  },
});
export interface StatefulSet extends Of<typeof StatefulSet> {}
