import { int64, type Of, string, struct, time } from "#machinery/schema";

export const Condition = struct("meta.v1.Condition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  observedGeneration: int64(3).doc("Generation of the object that this is about."),
  lastTransitionTime: time(4).required().doc("When the status last changed."),
  reason: string(5).required().doc("One word on why."),
  message: string(6).required().doc("The reason in plain words."),
});
export interface Condition extends Of<typeof Condition> {}
