import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const EndpointAddress = struct(
  "core.v1.EndpointAddress",
  {
    ip: string(1).required(),
    hostname: string(3),
    nodeName: string(4).pointer(),
    targetRef: ref(2, ObjectReference),
  },
  { atomic: true },
);
export interface EndpointAddress extends Of<typeof EndpointAddress> {}

export const EndpointPort = struct(
  "core.v1.EndpointPort",
  {
    name: string(1),
    port: int32(2).required(),
    protocol: string(3).oneOf("TCP", "UDP", "SCTP").default("TCP"),
    appProtocol: string(4).pointer(),
  },
  { atomic: true },
);
export interface EndpointPort extends Of<typeof EndpointPort> {}

export const EndpointSubset = struct("core.v1.EndpointSubset", {
  addresses: list(1, EndpointAddress).atomic(),
  notReadyAddresses: list(2, EndpointAddress).atomic(),
  ports: list(3, EndpointPort).atomic(),
});
export interface EndpointSubset extends Of<typeof EndpointSubset> {}

export const Endpoints = resource({
  apiVersion: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  shortNames: ["ep"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  storagePrefix: "services/endpoints",
  fields: {
    subsets: list(2, EndpointSubset).atomic(),
  },
});
export interface Endpoints extends Of<typeof Endpoints> {}
