import { ageColumn, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { ResourceClaimSpec } from "#api/resource-v1beta2/device";
import { type Of, resource, struct, value } from "#machinery/schema";

export const ResourceClaimTemplateSpec = struct("resource.v1beta2.ResourceClaimTemplateSpec", {
  metadata: value(1, ObjectMeta),
  spec: value(2, ResourceClaimSpec).required(),
});
export interface ResourceClaimTemplateSpec extends Of<typeof ResourceClaimTemplateSpec> {}

export const ResourceClaimTemplate = resource({
  apiVersion: "resource.k8s.io/v1beta2",
  kind: "ResourceClaimTemplate",
  doc: "What the claims of pods are made from.",
  plural: "resourceclaimtemplates",
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceClaimTemplateSpec,
  specRequired: true,
  storedAs: "resource.k8s.io/v1/ResourceClaimTemplate",
  servedByDefault: false,

  columns: [nameColumn, ageColumn],
});
export interface ResourceClaimTemplate extends Of<typeof ResourceClaimTemplate> {}
