import { json, type Of, string, struct } from "#machinery/schema";

export const WatchEvent = struct("meta.v1.WatchEvent", {
  type: string(1).required(),
  object: json(2).required(),
});
export interface WatchEvent extends Of<typeof WatchEvent> {}
