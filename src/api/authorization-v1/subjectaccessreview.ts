import { FieldSelectorRequirement, LabelSelectorRequirement } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, listOf, map, type Of, ref, resource, string, struct } from "#machinery/schema";

export const FieldSelectorAttributes = struct("authorization.v1.FieldSelectorAttributes", {
  rawSelector: string(1),
  requirements: list(2, FieldSelectorRequirement).atomic(),
});
export interface FieldSelectorAttributes extends Of<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = struct("authorization.v1.LabelSelectorAttributes", {
  rawSelector: string(1),
  requirements: list(2, LabelSelectorRequirement).atomic(),
});
export interface LabelSelectorAttributes extends Of<typeof LabelSelectorAttributes> {}

export const NonResourceAttributes = struct("authorization.v1.NonResourceAttributes", {
  path: string(1),
  verb: string(2),
});
export interface NonResourceAttributes extends Of<typeof NonResourceAttributes> {}

export const ResourceAttributes = struct("authorization.v1.ResourceAttributes", {
  namespace: string(1),
  verb: string(2),
  group: string(3),
  version: string(4),
  resource: string(5),
  subresource: string(6),
  name: string(7),
  fieldSelector: ref(8, FieldSelectorAttributes),
  labelSelector: ref(9, LabelSelectorAttributes).doc("Objects that it is about."),
});
export interface ResourceAttributes extends Of<typeof ResourceAttributes> {}

export const SubjectAccessReviewSpec = struct("authorization.v1.SubjectAccessReviewSpec", {
  resourceAttributes: ref(1, ResourceAttributes),
  nonResourceAttributes: ref(2, NonResourceAttributes),
  user: string(3),
  groups: list(4, string).atomic(),
  extra: map(5, listOf(string)),
  uid: string(6).doc("The object's uid."),
});
export interface SubjectAccessReviewSpec extends Of<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReviewStatus = struct("authorization.v1.SubjectAccessReviewStatus", {
  allowed: bool(1).required(),
  denied: bool(4),
  reason: string(2).doc("One word on why."),
  evaluationError: string(3),
});
export interface SubjectAccessReviewStatus extends Of<typeof SubjectAccessReviewStatus> {}

export const SubjectAccessReview = resource({
  apiVersion: "authorization.k8s.io/v1",
  kind: "SubjectAccessReview",
  doc: "Asks whether somebody may do something.",
  plural: "subjectaccessreviews",
  namespaced: false,
  verbs: ["create"],
  metadata: ObjectMeta,
  spec: SubjectAccessReviewSpec,
  specRequired: true,
  status: SubjectAccessReviewStatus,
  statusSubresource: false,
});
export interface SubjectAccessReview extends Of<typeof SubjectAccessReview> {}
