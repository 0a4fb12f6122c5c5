import { ListMeta } from "#api/meta-v1/listmeta";
import { int32, list, type Of, ref, string, struct, value } from "#machinery/schema";

export const StatusCause = struct("meta.v1.StatusCause", {
  reason: string(1).doc("One word on why."),
  message: string(2).doc("More about it in plain words."),
  field: string(3),
});
export interface StatusCause extends Of<typeof StatusCause> {}

export const StatusDetails = struct("meta.v1.StatusDetails", {
  name: string(1),
  group: string(2),
  kind: string(3),
  uid: string(6).doc("The object's uid."),
  causes: list(4, StatusCause).atomic(),
  retryAfterSeconds: int32(5),
});
export interface StatusDetails extends Of<typeof StatusDetails> {}

export const Status = struct("meta.v1.Status", {
  kind: string(0),
  apiVersion: string(0),
  metadata: value(1, ListMeta),
  status: string(2),
  message: string(3),
  reason: string(4),
  details: ref(5, StatusDetails),
  code: int32(6),
});
export interface Status extends Of<typeof Status> {}
