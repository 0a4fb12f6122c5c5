import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, type Of, resource, string, struct } from "#machinery/schema";

export const NonResourceRule = struct("authorization.v1.NonResourceRule", {
  verbs: list(1, string).required().atomic().doc("HTTP methods in lower case; * is all."),
  nonResourceURLs: list(2, string).atomic().doc("Paths; one that ends in * stands for all that begin so."),
});
export interface NonResourceRule extends Of<typeof NonResourceRule> {}

export const ResourceRule = struct("authorization.v1.ResourceRule", {
  verbs: list(1, string).required().atomic().doc("Verbs; * is all."),
  apiGroups: list(2, string).atomic().doc("Groups; * is all."),
  resources: list(3, string).atomic().doc("Resources; * is all."),
  resourceNames: list(4, string).atomic().doc("Names of objects; empty for all."),
});
export interface ResourceRule extends Of<typeof ResourceRule> {}

export const SelfSubjectRulesReviewSpec = struct("authorization.v1.SelfSubjectRulesReviewSpec", {
  namespace: string(1).doc("Namespace in question."),
});
export interface SelfSubjectRulesReviewSpec extends Of<typeof SelfSubjectRulesReviewSpec> {}

export const SubjectRulesReviewStatus = struct("authorization.v1.SubjectRulesReviewStatus", {
  resourceRules: list(1, ResourceRule).required().atomic().doc("What may be done to objects, in no order."),
  nonResourceRules: list(2, NonResourceRule)
    .required()
    .atomic()
    .doc("What may be done to other paths, in no order."),
  incomplete: bool(3).required().doc("More may be allowed than is listed."),
  evaluationError: string(4).doc("Why the list is not complete."),
});
export interface SubjectRulesReviewStatus extends Of<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = resource({
  apiVersion: "authorization.k8s.io/v1",
  kind: "SelfSubjectRulesReview",
  doc: "Asks for everything the caller may do in a namespace.",
  plural: "selfsubjectrulesreviews",
  namespaced: false,
  verbs: ["create"],
  metadata: ObjectMeta,
  spec: SelfSubjectRulesReviewSpec,
  specRequired: true,
  status: SubjectRulesReviewStatus,
  statusSubresource: false,
});
export interface SelfSubjectRulesReview extends Of<typeof SelfSubjectRulesReview> {}
