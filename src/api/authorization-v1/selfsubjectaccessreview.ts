import {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewStatus,
} from "#api/authorization-v1/subjectaccessreview";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, ref, resource, struct } from "#machinery/schema";

export const SelfSubjectAccessReviewSpec = struct("authorization.v1.SelfSubjectAccessReviewSpec", {
  resourceAttributes: ref(1, ResourceAttributes).doc("What would be done to an object."),
  nonResourceAttributes: ref(2, NonResourceAttributes).doc("What would be done to another path."),
});
export interface SelfSubjectAccessReviewSpec extends Of<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = resource({
  apiVersion: "authorization.k8s.io/v1",
  kind: "SelfSubjectAccessReview",
  doc: "Asks whether the caller may do something.",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
  verbs: ["create"],
  metadata: ObjectMeta,
  spec: SelfSubjectAccessReviewSpec,
  specRequired: true,
  status: SubjectAccessReviewStatus,
  statusSubresource: false,
});
export interface SelfSubjectAccessReview extends Of<typeof SelfSubjectAccessReview> {}
