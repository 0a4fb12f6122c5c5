import { named } from "#api/checks";
import { type Of, required, string, struct, time } from "#machinery/schema";

export const DeviceTaint = struct(
  "resource.v1.DeviceTaint",
  {
    key: string(1).required().doc("Key of the taint."),
    value: string(2).doc("Value of the taint."),
    effect: string(3).oneOf("None", "NoSchedule", "NoExecute").required().doc("NoSchedule or NoExecute."),
    timeAdded: time(4).pointer().doc("When it was added."),
  },
  {
    *validate({ key, value, effect }, path) {
      if (key === "") yield required(`${path}.key`);
      else yield* named(`${path}.key`, key, "qualified-name");
      if (value) yield* named(`${path}.value`, value, "label-value");
      if (!effect) yield required(`${path}.effect`);
    },
  },
);
export interface DeviceTaint extends Of<typeof DeviceTaint> {}
