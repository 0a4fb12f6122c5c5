import {
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from "#api/authorization-v1/subjectaccessreview";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource } from "#machinery/schema";

export const LocalSubjectAccessReview = resource({
  apiVersion: "authorization.k8s.io/v1",
  kind: "LocalSubjectAccessReview",
  doc: "Asks whether somebody may do something in a namespace.",
  plural: "localsubjectaccessreviews",
  namespaced: true,
  verbs: ["create"],
  metadata: ObjectMeta,
  spec: SubjectAccessReviewSpec,
  specRequired: true,
  status: SubjectAccessReviewStatus,
  statusSubresource: false,
});
export interface LocalSubjectAccessReview extends Of<typeof LocalSubjectAccessReview> {}
