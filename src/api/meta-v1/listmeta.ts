import { int64, type Of, string, struct } from "#machinery/schema";

export const ListMeta = struct("meta.v1.ListMeta", {
  selfLink: string(1),
  resourceVersion: string(2).doc("Version of the object."),
  continue: string(3),
  remainingItemCount: int64(4).pointer(),
});
export interface ListMeta extends Of<typeof ListMeta> {}
