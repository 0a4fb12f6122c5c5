import { TopologySelectorTerm } from "#api/core-v1/affinity";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, map, type Of, resource, string } from "#machinery/schema";

export const StorageClass = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  plural: "storageclasses",
  shortNames: ["sc"],
  namespaced: false,
  metadata: ObjectMeta,
  fields: {
    provisioner: string(2).required(),
    parameters: map(3, string),
    reclaimPolicy: string(4).pointer().oneOf("Recycle", "Delete", "Retain").default("Delete"),
    mountOptions: list(5, string).atomic(),
    allowVolumeExpansion: bool(6).pointer(),
    volumeBindingMode: string(7).pointer().oneOf("Immediate", "WaitForFirstConsumer").default("Immediate"),
    allowedTopologies: list(8, TopologySelectorTerm).atomic(),
  },
});
export interface StorageClass extends Of<typeof StorageClass> {}
