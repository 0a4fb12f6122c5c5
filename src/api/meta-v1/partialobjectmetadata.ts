import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, string, struct, value } from "#machinery/schema";

export const PartialObjectMetadata = struct("meta.v1.PartialObjectMetadata", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
});
export interface PartialObjectMetadata extends Of<typeof PartialObjectMetadata> {}
