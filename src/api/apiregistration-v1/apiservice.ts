import { ageColumn, nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, bytes, int32, list, type Of, ref, resource, string, struct, time } from "#machinery/schema";

export const ServiceReference = struct("apiregistration.v1.ServiceReference", {
  namespace: string(1),
  name: string(2),
  port: int32(3).pointer().default(443),
});
export interface ServiceReference extends Of<typeof ServiceReference> {}

export const APIServiceSpec = struct("apiregistration.v1.APIServiceSpec", {
  service: ref(1, ServiceReference),
  group: string(2),
  version: string(3),
  insecureSkipTLSVerify: bool(4),
  caBundle: bytes(5).atomic(),
  groupPriorityMinimum: int32(7).required(),
  versionPriority: int32(8).required(),
});
export interface APIServiceSpec extends Of<typeof APIServiceSpec> {}

export const APIServiceCondition = struct("apiregistration.v1.APIServiceCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface APIServiceCondition extends Of<typeof APIServiceCondition> {}

export const APIServiceStatus = struct("apiregistration.v1.APIServiceStatus", {
  conditions: list(1, APIServiceCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface APIServiceStatus extends Of<typeof APIServiceStatus> {}

export const APIService = resource({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  doc: "An API group that another server answers for.",
  plural: "apiservices",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: APIServiceSpec,
  status: APIServiceStatus,
  counted: false,
  unconditionalUpdate: false,
  storagePrefix: "apiregistration.k8s.io/apiservices",

  columns: [
    nameColumn,
    text("Service", ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : "Local")),
    text("Available", ({ status }) => {
      const available = status.conditions?.find(({ type }: APIServiceCondition) => type === "Available");
      if (!available) return "Unknown";
      return available.status === "True" ? "True" : `${available.status} (${available.reason ?? ""})`;
    }),
    ageColumn,
  ],
});
export interface APIService extends Of<typeof APIService> {}
