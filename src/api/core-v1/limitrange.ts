import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, map, type Of, quantity, resource, string, struct } from "#machinery/schema";

export const LimitRangeItem = struct("core.v1.LimitRangeItem", {
  type: string(1).required(),
  max: map(2, quantity),
  min: map(3, quantity),
  default: map(4, quantity),
  defaultRequest: map(5, quantity),
  maxLimitRequestRatio: map(6, quantity),
});
export interface LimitRangeItem extends Of<typeof LimitRangeItem> {}

export const LimitRangeSpec = struct("core.v1.LimitRangeSpec", {
  limits: list(1, LimitRangeItem).required().atomic(),
});
export interface LimitRangeSpec extends Of<typeof LimitRangeSpec> {}

export const LimitRange = resource({
  apiVersion: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  shortNames: ["limits"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: LimitRangeSpec,
  createOnUpdate: true,
});
export interface LimitRange extends Of<typeof LimitRange> {}
