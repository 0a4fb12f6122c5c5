import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { duration, map, type Of, quantity, string, struct, time, value } from "#machinery/schema";

export const NodeMetrics = struct("metrics.v1beta1.NodeMetrics", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  timestamp: time(2).required(),
  window: duration(3).required(),
  usage: map(4, quantity).required(),
});
export interface NodeMetrics extends Of<typeof NodeMetrics> {}
