import { int64, type Of, string, struct, time } from "#machinery/schema";

export const Taint = struct("core.v1.Taint", {
  key: string(1).required(),
  value: string(2),
  effect: string(3).oneOf("NoSchedule", "PreferNoSchedule", "NoExecute").required(),
  timeAdded: time(4).pointer(),
});
export interface Taint extends Of<typeof Taint> {}

export const Toleration = struct("core.v1.Toleration", {
  key: string(1),
  operator: string(2).oneOf("Exists", "Equal", "Lt", "Gt"),
  value: string(3),
  effect: string(4).oneOf("NoSchedule", "PreferNoSchedule", "NoExecute"),
  tolerationSeconds: int64(5).pointer(),
});
export interface Toleration extends Of<typeof Toleration> {}
