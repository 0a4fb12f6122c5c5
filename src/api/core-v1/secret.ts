import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, bytes, map, type Of, resource, string } from "#machinery/schema";

export const Secret = resource({
  apiVersion: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    immutable: bool(5).pointer(),
    data: map(2, bytes),
    stringData: map(4, string),
    type: string(3).default("Opaque"),
  },
});
export interface Secret extends Of<typeof Secret> {}
