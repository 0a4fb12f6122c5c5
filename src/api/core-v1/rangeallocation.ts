import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bytes, type Of, string, struct, value } from "#machinery/schema";

export const RangeAllocation = struct("core.v1.RangeAllocation", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  range: string(2).required(),
  data: bytes(3).required(),
});
export interface RangeAllocation extends Of<typeof RangeAllocation> {}
