import { FieldSelectorRequirement, LabelSelectorRequirement } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, listOf, map, type Of, ref, resource, string, struct } from "#machinery/schema";

export const FieldSelectorAttributes = struct("authorization.v1.FieldSelectorAttributes", {
  rawSelector: string(1).doc("The selector as it stands in a query."),
  requirements: list(2, FieldSelectorRequirement)
    .atomic()
    .doc("The selector in parts, all of which must be fulfilled."),
});
export interface FieldSelectorAttributes extends Of<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = struct("authorization.v1.LabelSelectorAttributes", {
  rawSelector: string(1).doc("The selector as it stands in a query."),
  requirements: list(2, LabelSelectorRequirement)
    .atomic()
    .doc("The selector in parts, all of which must be fulfilled."),
});
export interface LabelSelectorAttributes extends Of<typeof LabelSelectorAttributes> {}

export const NonResourceAttributes = struct("authorization.v1.NonResourceAttributes", {
  path: string(1).doc("Path of the request."),
  verb: string(2).doc("HTTP method in lower case."),
});
export interface NonResourceAttributes extends Of<typeof NonResourceAttributes> {}

export const ResourceAttributes = struct("authorization.v1.ResourceAttributes", {
  namespace: string(1).doc("Namespace of the object; empty for all, or where there is none."),
  verb: string(2).doc("Verb, such as get or create; * is all."),
  group: string(3).doc("Group of the resource; * is all."),
  version: string(4).doc("Version of the resource; * is all."),
  resource: string(5).doc("Resource, such as pods; * is all."),
  subresource: string(6).doc("Subresource, such as status."),
  name: string(7).doc("Name of the object; empty for all."),
  fieldSelector: ref(8, FieldSelectorAttributes).doc("Fields that the request is limited to."),
  labelSelector: ref(9, LabelSelectorAttributes).doc("Objects that it is about."),
});
export interface ResourceAttributes extends Of<typeof ResourceAttributes> {}

export const SubjectAccessReviewSpec = struct("authorization.v1.SubjectAccessReviewSpec", {
  resourceAttributes: ref(1, ResourceAttributes).doc("What would be done to an object."),
  nonResourceAttributes: ref(2, NonResourceAttributes).doc("What would be done to another path."),
  user: string(3).doc("User in question."),
  groups: list(4, string).atomic().doc("Groups of the user."),
  extra: map(5, listOf(string)).doc("What else is known of the user."),
  uid: string(6).doc("The object's uid."),
});
export interface SubjectAccessReviewSpec extends Of<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReviewStatus = struct("authorization.v1.SubjectAccessReviewStatus", {
  allowed: bool(1).required().doc("It may be done."),
  denied: bool(4).doc("It must not be done, whatever others say."),
  reason: string(2).doc("One word on why."),
  evaluationError: string(3).doc("What went wrong while deciding."),
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
