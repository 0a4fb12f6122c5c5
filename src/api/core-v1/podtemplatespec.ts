import { annotationProblems, labelProblems } from "#machinery/object-meta-validation";
import { appArmorProblems } from "./pod-apparmor.ts";
import { podSpecProblems } from "./podspec-rules.ts";
import { PodSpec } from "#api/core-v1/podspec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { at, forbidden, type Of, struct, value } from "#machinery/schema";

export const PodTemplateSpec = struct(
  "core.v1.PodTemplateSpec",
  {
    metadata: value(1, ObjectMeta).doc("Labels and annotations of the pods that are made from it."),
    spec: value(2, PodSpec).doc("What the pods run."),
  },
  {
    *validate({ metadata, spec }, path) {
      yield* labelProblems(metadata.labels, at(path, "metadata.labels"));
      yield* annotationProblems(metadata.annotations, at(path, "metadata.annotations"));
      yield* podSpecProblems(spec, at(path, "spec"));
      yield* appArmorProblems(metadata, spec, at(path, "metadata.annotations"));
      if (spec.ephemeralContainers)
        yield forbidden(
          at(path, "spec.ephemeralContainers"),
          "ephemeral containers not allowed in pod template",
        );
    },
  },
);
export interface PodTemplateSpec extends Of<typeof PodTemplateSpec> {}
