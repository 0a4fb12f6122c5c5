import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { duration, list, map, type Of, quantity, string, struct, time, value } from "#machinery/schema";

export const ContainerMetrics = struct("metrics.v1beta1.ContainerMetrics", {
  name: string(1).required(),
  usage: map(2, quantity).required(),
});
export interface ContainerMetrics extends Of<typeof ContainerMetrics> {}

export const PodMetrics = struct("metrics.v1beta1.PodMetrics", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  timestamp: time(2).required(),
  window: duration(3).required(),
  containers: list(4, ContainerMetrics).required().atomic(),
});
export interface PodMetrics extends Of<typeof PodMetrics> {}
