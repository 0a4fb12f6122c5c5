import { type Of, string, struct, time } from "#machinery/schema";

export const DeviceTaint = struct("resource.v1.DeviceTaint", {
  key: string(1).required(),
  value: string(2),
  effect: string(3).oneOf("None", "NoSchedule", "NoExecute").required(),
  timeAdded: time(4).pointer(),
});
export interface DeviceTaint extends Of<typeof DeviceTaint> {}
