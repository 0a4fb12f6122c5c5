import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, type Of, string, struct, value } from "#machinery/schema";

export const ScaleSpec = struct("autoscaling.v1.ScaleSpec", {
  replicas: int32(1).min(0),
});
export interface ScaleSpec extends Of<typeof ScaleSpec> {}

export const ScaleStatus = struct("autoscaling.v1.ScaleStatus", {
  replicas: int32(1).required(),
  selector: string(2),
});
export interface ScaleStatus extends Of<typeof ScaleStatus> {}

export const Scale = struct("autoscaling.v1.Scale", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  spec: value(2, ScaleSpec),
  status: value(3, ScaleStatus),
});
export interface Scale extends Of<typeof Scale> {}
