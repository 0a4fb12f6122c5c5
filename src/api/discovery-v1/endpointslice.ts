import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, list, map, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const EndpointConditions = struct("discovery.v1.EndpointConditions", {
  ready: bool(1).pointer(),
  serving: bool(2).pointer(),
  terminating: bool(3).pointer(),
});
export interface EndpointConditions extends Of<typeof EndpointConditions> {}

export const ForZone = struct("discovery.v1.ForZone", {
  name: string(1).required(),
});
export interface ForZone extends Of<typeof ForZone> {}

export const ForNode = struct("discovery.v1.ForNode", {
  name: string(1).required(),
});
export interface ForNode extends Of<typeof ForNode> {}

export const EndpointHints = struct("discovery.v1.EndpointHints", {
  forZones: list(1, ForZone).atomic(),
  forNodes: list(2, ForNode).atomic(),
});
export interface EndpointHints extends Of<typeof EndpointHints> {}

export const Endpoint = struct("discovery.v1.Endpoint", {
  addresses: list(1, string).required().set(),
  conditions: value(2, EndpointConditions),
  hostname: string(3).pointer(),
  targetRef: ref(4, ObjectReference),
  deprecatedTopology: map(5, string),
  nodeName: string(6).pointer(),
  zone: string(7).pointer(),
  hints: ref(8, EndpointHints),
});
export interface Endpoint extends Of<typeof Endpoint> {}

export const EndpointPort = struct(
  "discovery.v1.EndpointPort",
  {
    name: string(1).pointer().default(""),
    protocol: string(2).pointer().oneOf("TCP", "UDP", "SCTP").default("TCP"),
    port: int32(3).pointer(),
    appProtocol: string(4).pointer(),
  },
  { atomic: true },
);
export interface EndpointPort extends Of<typeof EndpointPort> {}

export const EndpointSlice = resource({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
  metadata: ObjectMeta,
  counted: true,
  fields: {
    addressType: string(4).required(),
    endpoints: list(2, Endpoint).required().atomic(),
    ports: list(3, EndpointPort).always().atomic(),
  },
});
export interface EndpointSlice extends Of<typeof EndpointSlice> {}
