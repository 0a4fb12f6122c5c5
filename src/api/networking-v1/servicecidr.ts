import { ageColumn, nameColumn, text } from "#api/columns";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, resource, string, struct } from "#machinery/schema";

export const ServiceCIDRSpec = struct("networking.v1.ServiceCIDRSpec", {
  cidrs: list(1, string).atomic().doc("Ranges, one of each address family at most."),
});
export interface ServiceCIDRSpec extends Of<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct("networking.v1.ServiceCIDRStatus", {
  conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface ServiceCIDRStatus extends Of<typeof ServiceCIDRStatus> {}

export const ServiceCIDR = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  doc: "A range of addresses for services.",
  plural: "servicecidrs",
  namespaced: false,
  metadata: ObjectMeta,
  spec: ServiceCIDRSpec,
  status: ServiceCIDRStatus,
  counted: false,

  columns: [nameColumn, text("CIDRs", ({ spec }) => (spec.cidrs ?? []).join(",")), ageColumn],
});
export interface ServiceCIDR extends Of<typeof ServiceCIDR> {}
