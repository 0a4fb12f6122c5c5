import { type Of, string, struct, time } from "#machinery/schema";

export const DeviceTaint = struct("resource.v1.DeviceTaint", {
  key: string(1).required().doc("Key of the taint."),
  value: string(2).doc("Value of the taint."),
  effect: string(3).oneOf("None", "NoSchedule", "NoExecute").required().doc("NoSchedule or NoExecute."),
  timeAdded: time(4).pointer().doc("When it was added."),
});
export interface DeviceTaint extends Of<typeof DeviceTaint> {}
