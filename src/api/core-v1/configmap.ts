import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, bytes, map, type Of, resource, string } from "#machinery/schema";

export const ConfigMap = resource({
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    immutable: bool(4).pointer(),
    data: map(2, string),
    binaryData: map(3, bytes),
  },
});
export interface ConfigMap extends Of<typeof ConfigMap> {}
