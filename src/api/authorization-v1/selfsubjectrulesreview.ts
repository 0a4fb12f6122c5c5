import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, type Of, resource, string, struct } from "#machinery/schema";

export const NonResourceRule = struct("authorization.v1.NonResourceRule", {
  verbs: list(1, string).required().atomic(),
  nonResourceURLs: list(2, string).atomic(),
});
export interface NonResourceRule extends Of<typeof NonResourceRule> {}

export const ResourceRule = struct("authorization.v1.ResourceRule", {
  verbs: list(1, string).required().atomic(),
  apiGroups: list(2, string).atomic(),
  resources: list(3, string).atomic(),
  resourceNames: list(4, string).atomic(),
});
export interface ResourceRule extends Of<typeof ResourceRule> {}

export const SelfSubjectRulesReviewSpec = struct("authorization.v1.SelfSubjectRulesReviewSpec", {
  namespace: string(1),
});
export interface SelfSubjectRulesReviewSpec extends Of<typeof SelfSubjectRulesReviewSpec> {}

export const SubjectRulesReviewStatus = struct("authorization.v1.SubjectRulesReviewStatus", {
  resourceRules: list(1, ResourceRule).required().atomic(),
  nonResourceRules: list(2, NonResourceRule).required().atomic(),
  incomplete: bool(3).required(),
  evaluationError: string(4),
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
