import { labelText, nameColumn, text } from "#api/columns";
import { templateWarnings } from "#api/core-v1/pod-warnings";
import { templateDefaults } from "./podspec-defaults.ts";
import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource, value } from "#machinery/schema";

interface Parts {
  readonly template: PodTemplateSpec;
}

export const PodTemplate = resource({
  apiVersion: "v1",
  kind: "PodTemplate",
  doc: "A stored template that pods can be made from.",
  plural: "podtemplates",
  namespaced: true,
  metadata: ObjectMeta,
  counted: true,
  fields: {
    template: value(2, PodTemplateSpec).doc("The pod to make."),
  },

  columns: [
    nameColumn,
    text("Containers", ({ template }: Parts) => template.spec.containers.map(({ name }) => name).join(",")),
    text("Images", ({ template }: Parts) =>
      template.spec.containers.map(({ image }) => image ?? "").join(","),
    ),
    text("Pod Labels", ({ template }: Parts) => labelText(template.metadata.labels)),
  ],
  rules: {
    defaults: (object) => ({ ...object, template: templateDefaults(object.template) }),
    warnings: (now, old) => templateWarnings(now.template, "template", now, old),
  },
});
export interface PodTemplate extends Of<typeof PodTemplate> {}
