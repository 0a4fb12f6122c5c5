import { GroupVersionKind } from "#api/meta-v1/groupversion";
import { ListMeta } from "#api/meta-v1/listmeta";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, ref, string, struct, value } from "#machinery/schema";

export const APISubresourceDiscovery = struct("apidiscovery.v2.APISubresourceDiscovery", {
  subresource: string(1).required(),
  responseKind: ref(2, GroupVersionKind),
  acceptedTypes: list(3, GroupVersionKind).keyedBy("group", "version", "kind"),
  verbs: list(4, string).required().set(),
});
export interface APISubresourceDiscovery extends Of<typeof APISubresourceDiscovery> {}

export const APIResourceDiscovery = struct("apidiscovery.v2.APIResourceDiscovery", {
  resource: string(1).required(),
  responseKind: ref(2, GroupVersionKind),
  scope: string(3).required(),
  singularResource: string(4).required(),
  verbs: list(5, string).required().set(),
  shortNames: list(6, string).set(),
  categories: list(7, string).set(),
  subresources: list(8, APISubresourceDiscovery).keyedBy("subresource"),
});
export interface APIResourceDiscovery extends Of<typeof APIResourceDiscovery> {}

export const APIVersionDiscovery = struct("apidiscovery.v2.APIVersionDiscovery", {
  version: string(1).required(),
  resources: list(2, APIResourceDiscovery).keyedBy("resource"),
  freshness: string(3),
});
export interface APIVersionDiscovery extends Of<typeof APIVersionDiscovery> {}

export const APIGroupDiscovery = struct("apidiscovery.v2.APIGroupDiscovery", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  versions: list(2, APIVersionDiscovery).keyedBy("version"),
});
export interface APIGroupDiscovery extends Of<typeof APIGroupDiscovery> {}

export const APIGroupDiscoveryList = struct("apidiscovery.v2.APIGroupDiscoveryList", {
  kind: string(0),
  apiVersion: string(0),
  metadata: value(1, ListMeta),
  items: list(2, APIGroupDiscovery).required(),
});
export interface APIGroupDiscoveryList extends Of<typeof APIGroupDiscoveryList> {}
