import { UserInfo } from "#api/authentication-v1/userinfo";
import { GroupVersionKind, GroupVersionResource } from "#api/meta-v1/groupversion";
import { Status } from "#api/meta-v1/status";
import { bool, bytes, json, list, map, type Of, ref, string, struct, value } from "#machinery/schema";

export const AdmissionRequest = struct("admission.v1.AdmissionRequest", {
  uid: string(1).required().doc("The object's uid."),
  kind: value(2, GroupVersionKind).required(),
  resource: value(3, GroupVersionResource).required(),
  subResource: string(4),
  requestKind: ref(13, GroupVersionKind),
  requestResource: ref(14, GroupVersionResource),
  requestSubResource: string(15),
  name: string(5),
  namespace: string(6),
  operation: string(7).required(),
  userInfo: value(8, UserInfo).required(),
  object: json(9).orNull(),
  oldObject: json(10).orNull(),
  dryRun: bool(11).pointer(),
  options: json(12).orNull(),
});
export interface AdmissionRequest extends Of<typeof AdmissionRequest> {}

export const AdmissionResponse = struct("admission.v1.AdmissionResponse", {
  uid: string(1).required().doc("The object's uid."),
  allowed: bool(2).required(),
  status: ref(3, Status),
  patch: bytes(4),
  patchType: string(5).pointer(),
  auditAnnotations: map(6, string),
  warnings: list(7, string).atomic(),
});
export interface AdmissionResponse extends Of<typeof AdmissionResponse> {}

export const AdmissionReview = struct("admission.v1.AdmissionReview", {
  kind: string(0),
  apiVersion: string(0),
  request: ref(1, AdmissionRequest),
  response: ref(2, AdmissionResponse),
});
export interface AdmissionReview extends Of<typeof AdmissionReview> {}
