import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, map, type Of, quantity, ref, resource, string, struct } from "#machinery/schema";

export const ScopedResourceSelectorRequirement = struct("core.v1.ScopedResourceSelectorRequirement", {
  scopeName: string(1)
    .oneOf(
      "Terminating",
      "NotTerminating",
      "BestEffort",
      "NotBestEffort",
      "PriorityClass",
      "CrossNamespacePodAffinity",
      "VolumeAttributesClass",
    )
    .required(),
  operator: string(2).oneOf("In", "NotIn", "Exists", "DoesNotExist").required(),
  values: list(3, string).atomic(),
});
export interface ScopedResourceSelectorRequirement extends Of<typeof ScopedResourceSelectorRequirement> {}

export const ScopeSelector = struct(
  "core.v1.ScopeSelector",
  {
    matchExpressions: list(1, ScopedResourceSelectorRequirement).atomic(),
  },
  { atomic: true },
);
export interface ScopeSelector extends Of<typeof ScopeSelector> {}

export const ResourceQuotaSpec = struct("core.v1.ResourceQuotaSpec", {
  hard: map(1, quantity),
  scopes: list(2, string).atomic(),
  scopeSelector: ref(3, ScopeSelector),
});
export interface ResourceQuotaSpec extends Of<typeof ResourceQuotaSpec> {}

export const ResourceQuotaStatus = struct("core.v1.ResourceQuotaStatus", {
  hard: map(1, quantity),
  used: map(2, quantity),
});
export interface ResourceQuotaStatus extends Of<typeof ResourceQuotaStatus> {}

export const ResourceQuota = resource({
  apiVersion: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  shortNames: ["quota"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceQuotaSpec,
  status: ResourceQuotaStatus,
  counted: false,
});
export interface ResourceQuota extends Of<typeof ResourceQuota> {}
