import { unchanged } from "#api/checks";
import { ageColumn, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { ResourceClaimSpec, withCounts } from "#api/resource-v1/device";
import { type Of, resource, struct, value } from "#machinery/schema";

export const ResourceClaimTemplateSpec = struct("resource.v1.ResourceClaimTemplateSpec", {
  metadata: value(1, ObjectMeta).doc("Labels and annotations of the claims."),
  spec: value(2, ResourceClaimSpec).required().doc("What the claims want."),
});
export interface ResourceClaimTemplateSpec extends Of<typeof ResourceClaimTemplateSpec> {}

export const ResourceClaimTemplate = resource({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceClaimTemplate",
  doc: "What the claims of pods are made from.",
  plural: "resourceclaimtemplates",
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceClaimTemplateSpec,
  specRequired: true,

  columns: [nameColumn, ageColumn],
  rules: {
    defaults: (template) => ({
      ...template,
      spec: { ...template.spec, spec: withCounts(template.spec.spec) },
    }),
    validateUpdate: ({ spec }, old) => unchanged("spec", spec, old.spec),
  },
});
export interface ResourceClaimTemplate extends Of<typeof ResourceClaimTemplate> {}
