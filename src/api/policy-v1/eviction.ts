import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeleteOptions } from "#api/meta-v1/options";
import { type Of, ref, string, struct, value } from "#machinery/schema";

export const Eviction = struct("policy.v1.Eviction", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  deleteOptions: ref(2, DeleteOptions),
});
export interface Eviction extends Of<typeof Eviction> {}
