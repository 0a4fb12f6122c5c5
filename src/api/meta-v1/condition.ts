import { int64, type Of, string, struct, time } from "#machinery/schema";

export const Condition = struct("meta.v1.Condition", {
  type: string(1).required(),
  status: string(2).required(),
  observedGeneration: int64(3),
  lastTransitionTime: time(4).required(),
  reason: string(5).required(),
  message: string(6).required(),
});
export interface Condition extends Of<typeof Condition> {}
