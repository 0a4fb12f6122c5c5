import { PodSpec } from "#api/core-v1/podspec";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, struct, value } from "#machinery/schema";

export const PodTemplateSpec = struct("core.v1.PodTemplateSpec", {
  metadata: value(1, ObjectMeta),
  spec: value(2, PodSpec),
});
export interface PodTemplateSpec extends Of<typeof PodTemplateSpec> {}
