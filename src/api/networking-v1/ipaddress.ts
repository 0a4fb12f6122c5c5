import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, ref, resource, string, struct } from "#machinery/schema";

export const ParentReference = struct("networking.v1.ParentReference", {
  group: string(1).doc("Group of the object."),
  resource: string(2).required().omitEmpty().doc("Resource of the object."),
  namespace: string(3).doc("Namespace of the object."),
  name: string(4).required().omitEmpty().doc("Name of the object."),
});
export interface ParentReference extends Of<typeof ParentReference> {}

export const IPAddressSpec = struct("networking.v1.IPAddressSpec", {
  parentRef: ref(1, ParentReference).required().omitEmpty().doc("The object that has the address."),
});
export interface IPAddressSpec extends Of<typeof IPAddressSpec> {}

export const IPAddress = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "IPAddress",
  doc: "An address that is in use.",
  plural: "ipaddresses",
  shortNames: ["ip"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: IPAddressSpec,

  columns: [
    nameColumn,
    text("ParentRef", ({ spec: { parentRef } }) => {
      if (!parentRef) return "";
      const { group, resource: plural, namespace, name } = parentRef;
      const of = group ? `${plural}.${group}` : plural;
      return [of, namespace, name].filter(Boolean).join("/");
    }),
  ],
});
export interface IPAddress extends Of<typeof IPAddress> {}
