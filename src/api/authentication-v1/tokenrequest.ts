import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, list, type Of, ref, string, struct, time, value } from "#machinery/schema";

export const BoundObjectReference = struct("authentication.v1.BoundObjectReference", {
  kind: string(1),
  apiVersion: string(2).doc("Group and version of the kind."),
  name: string(3),
  uid: string(4).doc("The object's uid."),
});
export interface BoundObjectReference extends Of<typeof BoundObjectReference> {}

export const TokenRequestSpec = struct("authentication.v1.TokenRequestSpec", {
  audiences: list(1, string).required().atomic(),
  expirationSeconds: int64(4).pointer().always().default(3600),
  boundObjectRef: ref(3, BoundObjectReference).orNull(),
});
export interface TokenRequestSpec extends Of<typeof TokenRequestSpec> {}

export const TokenRequestStatus = struct("authentication.v1.TokenRequestStatus", {
  token: string(1).required(),
  expirationTimestamp: time(2).required(),
});
export interface TokenRequestStatus extends Of<typeof TokenRequestStatus> {}

export const TokenRequest = struct("authentication.v1.TokenRequest", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  metadata: value(1, ObjectMeta),
  spec: value(2, TokenRequestSpec).required(),
  status: value(3, TokenRequestStatus),
});
export interface TokenRequest extends Of<typeof TokenRequest> {}
