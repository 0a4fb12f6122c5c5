import { serviceWarnings } from "./service-warnings.ts";
import { ageColumn, labelText, nameColumn, text, wide } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource } from "#machinery/schema";
import { ingressProblems, serviceProblems, serviceUpdateProblems } from "./service-rules.ts";
import {
  addressText,
  externalText,
  keptAllocations,
  portsText,
  serviceDefaults,
  serviceStatusDefaults,
  settledAddresses,
  withoutStale,
} from "./service-strategy.ts";
import { ServiceSpec, ServiceStatus } from "./servicespec.ts";

export type { ServicePort } from "./servicespec.ts";

export const Service = resource({
  apiVersion: "v1",
  kind: "Service",
  doc: "One stable address for a set of pods.",
  plural: "services",
  shortNames: ["svc"],
  categories: ["all"],
  namespaced: true,
  nameFormat: "dns-1035-label",
  metadata: ObjectMeta,
  spec: ServiceSpec,
  status: ServiceStatus,
  counted: false,
  createOnUpdate: true,
  subresources: {
    proxy: {
      kind: "ServiceProxyOptions",
      verbs: ["create", "delete", "get", "patch", "update"],
      connect: true,
    },
  },
  storagePrefix: "services/specs",

  fieldSelectors: {
    "spec.clusterIP": ({ spec }) => spec.clusterIP ?? "",
    "spec.type": ({ spec }) => spec.type,
  },
  columns: [
    nameColumn,
    text("Type", ({ spec }) => spec.type),
    text("Cluster-IP", ({ spec }) => addressText(spec)),
    text("External-IP", ({ spec, status }) => externalText(spec, status)),
    text("Port(s)", ({ spec }) => portsText(spec.ports ?? [])),
    ageColumn,
    wide("Selector", ({ spec }) => labelText(spec.selector)),
  ],
  rules: {
    defaults: (service) => ({
      ...service,
      spec: serviceDefaults(service.spec),
      status: serviceStatusDefaults(service.status, service.spec),
    }),
    prepareForCreate: (service) => ({ ...service, spec: settledAddresses(service.spec) }),
    prepareForUpdate: (service, old) => ({
      ...service,
      spec: withoutStale(keptAllocations(settledAddresses(service.spec, old.spec), old.spec), old.spec),
    }),
    validate: ({ spec }) => serviceProblems(spec),
    warnings: (service) => serviceWarnings(service),
    validateUpdate: ({ spec }, old) => serviceUpdateProblems(spec, old.spec),
    validateStatusUpdate: ({ spec, status }) => ingressProblems(status.loadBalancer.ingress ?? [], spec),
  },
});
export interface Service extends Of<typeof Service> {}
