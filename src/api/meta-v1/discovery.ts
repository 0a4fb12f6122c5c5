import { bool, list, type Of, string, struct, value, wrappedList } from "#machinery/schema";

export const GroupVersionForDiscovery = struct("meta.v1.GroupVersionForDiscovery", {
  groupVersion: string(1).required(),
  version: string(2).required(),
});
export interface GroupVersionForDiscovery extends Of<typeof GroupVersionForDiscovery> {}

export const ServerAddressByClientCIDR = struct("meta.v1.ServerAddressByClientCIDR", {
  clientCIDR: string(1).required(),
  serverAddress: string(2).required(),
});
export interface ServerAddressByClientCIDR extends Of<typeof ServerAddressByClientCIDR> {}

export const APIGroup = struct("meta.v1.APIGroup", {
  kind: string(0),
  apiVersion: string(0),
  name: string(1).required(),
  versions: list(2, GroupVersionForDiscovery).required().atomic(),
  preferredVersion: value(3, GroupVersionForDiscovery),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR).atomic(),
});
export interface APIGroup extends Of<typeof APIGroup> {}

export const APIGroupList = struct("meta.v1.APIGroupList", {
  kind: string(0),
  apiVersion: string(0),
  groups: list(1, APIGroup).required().atomic(),
});
export interface APIGroupList extends Of<typeof APIGroupList> {}

export const APIResource = struct("meta.v1.APIResource", {
  name: string(1).required(),
  singularName: string(6).required(),
  namespaced: bool(2).required(),
  group: string(8),
  version: string(9),
  kind: string(3).required(),
  verbs: wrappedList(4, string).required(),
  shortNames: list(5, string).atomic(),
  categories: list(7, string).atomic(),
  storageVersionHash: string(10),
});
export interface APIResource extends Of<typeof APIResource> {}

export const APIResourceList = struct("meta.v1.APIResourceList", {
  kind: string(0),
  apiVersion: string(0),
  groupVersion: string(1).required(),
  resources: list(2, APIResource).required().atomic(),
});
export interface APIResourceList extends Of<typeof APIResourceList> {}

export const APIVersions = struct("meta.v1.APIVersions", {
  kind: string(0),
  apiVersion: string(0),
  versions: list(1, string).required().atomic(),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR).required().atomic(),
});
export interface APIVersions extends Of<typeof APIVersions> {}
