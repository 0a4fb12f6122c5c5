import { ageColumn, containerColumns, integer, nameColumn, selectorText, wide } from "#api/columns";
import { podNameWarnings, templateWarnings } from "#api/core-v1/pod-warnings";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { endlessProblems, selectorProblems, statusProblems } from "./workload-rules.ts";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, int64, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const ReplicaSetSpec = struct("apps.v1.ReplicaSetSpec", {
  replicas: int32(1).pointer().default(1).min(0).doc("How many pods are wanted."),
  minReadySeconds: int32(4).min(0).doc("Ready this long counts as available."),
  selector: ref(2, LabelSelector).required().immutable().doc("Which pods count."),
  template: value(3, PodTemplateSpec).doc("What a new pod is made from."),
});
export interface ReplicaSetSpec extends Of<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = struct("apps.v1.ReplicaSetCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface ReplicaSetCondition extends Of<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = struct("apps.v1.ReplicaSetStatus", {
  replicas: int32(1).required().min(0).doc("Pods that exist."),
  fullyLabeledReplicas: int32(2).min(0).doc("Pods with all labels of the template."),
  readyReplicas: int32(4).min(0).doc("Pods that are ready."),
  availableReplicas: int32(5).min(0).doc("Pods that have been ready for long enough."),
  terminatingReplicas: int32(7).pointer().min(0).doc("Pods that are on their way out."),
  observedGeneration: int64(3).min(0).doc("Generation of the object that this is about."),
  conditions: list(6, ReplicaSetCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface ReplicaSetStatus extends Of<typeof ReplicaSetStatus> {}

export const ReplicaSet = resource({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  doc: "Keeps a number of pods of one template alive.",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ReplicaSetSpec,
  status: ReplicaSetStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },

  columns: [
    nameColumn,
    integer("Desired", ({ spec }) => spec.replicas),
    integer("Current", ({ status }) => status.replicas),
    integer("Ready", ({ status }) => status.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<{ readonly spec: ReplicaSetSpec }>(({ spec }) => spec.template.spec),
    wide("Selector", ({ spec }) => selectorText(spec.selector)),
  ],
  rules: {
    defaults: (set) => ({ ...set, spec: { ...set.spec, template: templateDefaults(set.spec.template) } }),
    *validate({ spec }) {
      yield* selectorProblems(spec, "deployment");
      yield* endlessProblems(spec.template.spec, "ReplicaSet");
    },
    *validateStatusUpdate({ status }) {
      const { replicas, readyReplicas = 0, fullyLabeledReplicas, availableReplicas } = status;
      yield* statusProblems(
        { fullyLabeledReplicas, readyReplicas, availableReplicas },
        replicas,
        readyReplicas,
      );
    },
    *warnings(now, old) {
      yield* podNameWarnings(now.metadata, old);
      yield* templateWarnings(now.spec.template, "spec.template", now, old);
    },
  },
});
export interface ReplicaSet extends Of<typeof ReplicaSet> {}
