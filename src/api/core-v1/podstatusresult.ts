import { PodStatus } from "#api/core-v1/podstatus";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, string, struct, value } from "#machinery/schema";

export const PodStatusResult = struct("core.v1.PodStatusResult", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  status: value(2, PodStatus),
});
export interface PodStatusResult extends Of<typeof PodStatusResult> {}
