import { own } from "#api/checks";
import { ageColumn, containerColumns, integer, labelText, nameColumn, wide } from "#api/columns";
import { podNameWarnings, templateWarnings } from "#api/core-v1/pod-warnings";
import { templateDefaults } from "#api/core-v1/podspec-defaults";

import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  forbidden,
  int32,
  int64,
  invalid,
  list,
  map,
  notSupported,
  type Of,
  ref,
  resource,
  string,
  struct,
  time,
} from "#machinery/schema";

export const ReplicationControllerSpec = struct("core.v1.ReplicationControllerSpec", {
  replicas: int32(1).pointer().default(1).min(0).doc("How many pods there should be."),
  minReadySeconds: int32(4).min(0).doc("Ready this long counts as available."),
  selector: map(2, string)
    .atomic()
    .notEmpty()
    .doc("Labels of the pods that count; by default those of the template."),
  template: ref(3, PodTemplateSpec).notEmpty().doc("The pod to make."),
});
export interface ReplicationControllerSpec extends Of<typeof ReplicationControllerSpec> {}

export const ReplicationControllerCondition = struct("core.v1.ReplicationControllerCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface ReplicationControllerCondition extends Of<typeof ReplicationControllerCondition> {}

export const ReplicationControllerStatus = struct("core.v1.ReplicationControllerStatus", {
  replicas: int32(1).required().doc("How many pods there are."),
  fullyLabeledReplicas: int32(2).doc("Pods that have all labels of the template."),
  readyReplicas: int32(4).doc("Pods that are ready."),
  availableReplicas: int32(5).doc("Pods that have been ready for long enough."),
  observedGeneration: int64(3).doc("Generation of the object that this is about."),
  conditions: list(6, ReplicationControllerCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface ReplicationControllerStatus extends Of<typeof ReplicationControllerStatus> {}

export const ReplicationController = resource({
  apiVersion: "v1",
  kind: "ReplicationController",
  doc: "Keeps a number of pods alive; ReplicaSets have taken its place.",
  plural: "replicationcontrollers",
  shortNames: ["rc"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ReplicationControllerSpec,
  status: ReplicationControllerStatus,
  scale: { replicas: "spec.replicas", observed: "status.replicas", selector: "spec.selector" },
  storagePrefix: "controllers",

  columns: [
    nameColumn,
    integer("Desired", ({ spec }) => spec.replicas),
    integer("Current", ({ status }) => status.replicas),
    integer("Ready", ({ status }) => status.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<{ readonly spec: ReplicationControllerSpec }>(({ spec }) => spec.template!.spec),
    wide("Selector", ({ spec }) => labelText(spec.selector)),
  ],
  rules: {
    defaults(controller) {
      const { spec, metadata } = controller;
      if (!spec.template) return controller;
      const template = templateDefaults(spec.template);
      const labels = template.metadata.labels;
      return {
        ...controller,
        metadata: metadata.labels || !labels ? metadata : { ...metadata, labels },
        spec: { ...spec, template, ...(spec.selector || !labels ? {} : { selector: labels }) },
      };
    },
    *validate({ spec: { selector, template } }) {
      if (!selector || !template) return;
      const path = "spec.template";
      const labels = template.metadata.labels ?? {};
      if (Object.entries(selector).some(([key, value]) => own(labels, key) !== value))
        yield invalid(
          `${path}.metadata.labels`,
          template.metadata.labels ?? null,
          "`selector` does not match template `labels`",
        );
      if (template.spec.restartPolicy !== "Always")
        yield notSupported(`${path}.spec.restartPolicy`, template.spec.restartPolicy, ["Always"]);
      if (template.spec.activeDeadlineSeconds !== undefined)
        yield forbidden(
          `${path}.spec.activeDeadlineSeconds`,
          "activeDeadlineSeconds in ReplicationController is not Supported",
        );
    },
    *warnings(now, old) {
      yield* podNameWarnings(now.metadata, old);
      yield* templateWarnings(now.spec.template, "spec.template", now, old);
    },
  },

  fieldSelectors: { "status.replicas": ({ status }) => String(status.replicas) },
});
export interface ReplicationController extends Of<typeof ReplicationController> {}
