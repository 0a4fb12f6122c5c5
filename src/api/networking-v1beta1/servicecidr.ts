import { ageColumn, nameColumn, text } from "#api/columns";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { rangeProblems, rangeUpdateProblems } from "#api/networking-v1/servicecidr";
import { list, type Of, resource, string, struct } from "#machinery/schema";

export const ServiceCIDRSpec = struct("networking.v1beta1.ServiceCIDRSpec", {
  cidrs: list(1, string).atomic(),
});
export interface ServiceCIDRSpec extends Of<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct("networking.v1beta1.ServiceCIDRStatus", {
  conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface ServiceCIDRStatus extends Of<typeof ServiceCIDRStatus> {}

export const ServiceCIDR = resource({
  apiVersion: "networking.k8s.io/v1beta1",
  kind: "ServiceCIDR",
  doc: "A range of addresses for services.",
  plural: "servicecidrs",
  namespaced: false,
  metadata: ObjectMeta,
  spec: ServiceCIDRSpec,
  status: ServiceCIDRStatus,
  counted: false,
  storedAs: "networking.k8s.io/v1/ServiceCIDR",
  servedByDefault: false,

  columns: [nameColumn, text("CIDRs", ({ spec }) => (spec.cidrs ?? []).join(",")), ageColumn],
  rules: { validate: rangeProblems, validateUpdate: rangeUpdateProblems },
});
export interface ServiceCIDR extends Of<typeof ServiceCIDR> {}
