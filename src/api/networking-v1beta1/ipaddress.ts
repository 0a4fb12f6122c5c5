import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { addressProblems, addressUpdateProblems } from "#api/networking-v1/ipaddress";
import { type Of, ref, resource, string, struct } from "#machinery/schema";

export const ParentReference = struct("networking.v1beta1.ParentReference", {
  group: string(1),
  resource: string(2).required().omitEmpty(),
  namespace: string(3),
  name: string(4).required().omitEmpty(),
});
export interface ParentReference extends Of<typeof ParentReference> {}

export const IPAddressSpec = struct("networking.v1beta1.IPAddressSpec", {
  parentRef: ref(1, ParentReference).required().omitEmpty(),
});
export interface IPAddressSpec extends Of<typeof IPAddressSpec> {}

export const IPAddress = resource({
  apiVersion: "networking.k8s.io/v1beta1",
  kind: "IPAddress",
  doc: "An address that is in use.",
  plural: "ipaddresses",
  shortNames: ["ip"],
  namespaced: false,
  metadata: ObjectMeta,
  nameFormat: "path-segment",
  spec: IPAddressSpec,
  storedAs: "networking.k8s.io/v1/IPAddress",
  servedByDefault: false,

  columns: [
    nameColumn,
    text("ParentRef", ({ spec: { parentRef } }) => {
      if (!parentRef) return "";
      const { group, resource: plural, namespace, name } = parentRef;
      const of = group ? `${plural}.${group}` : plural;
      return [of, namespace, name].filter(Boolean).join("/");
    }),
  ],
  rules: { validate: addressProblems, validateUpdate: addressUpdateProblems },
});
export interface IPAddress extends Of<typeof IPAddress> {}
