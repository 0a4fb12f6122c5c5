import { ObjectReference } from "#api/core-v1/reference";
import { type Of, string, struct, value } from "#machinery/schema";

export const SerializedReference = struct("core.v1.SerializedReference", {
  kind: string(0),
  apiVersion: string(0),
  reference: value(1, ObjectReference),
});
export interface SerializedReference extends Of<typeof SerializedReference> {}
