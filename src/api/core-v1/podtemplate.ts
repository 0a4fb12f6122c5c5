import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource, value } from "#machinery/schema";

export const PodTemplate = resource({
  apiVersion: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  namespaced: true,
  metadata: ObjectMeta,
  counted: true,
  fields: {
    template: value(2, PodTemplateSpec),
  },
});
export interface PodTemplate extends Of<typeof PodTemplate> {}
