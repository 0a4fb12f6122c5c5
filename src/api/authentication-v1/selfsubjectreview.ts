import { UserInfo } from "#api/authentication-v1/userinfo";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource, struct, value } from "#machinery/schema";

export const SelfSubjectReviewStatus = struct("authentication.v1.SelfSubjectReviewStatus", {
  userInfo: value(1, UserInfo).doc("Who is asking."),
});
export interface SelfSubjectReviewStatus extends Of<typeof SelfSubjectReviewStatus> {}

export const SelfSubjectReview = resource({
  apiVersion: "authentication.k8s.io/v1",
  kind: "SelfSubjectReview",
  doc: "Asks who the caller is.",
  plural: "selfsubjectreviews",
  namespaced: false,
  verbs: ["create"],
  metadata: ObjectMeta,
  fields: {
    status: value(2, SelfSubjectReviewStatus).doc("Who is asking."),
  },
});
export interface SelfSubjectReview extends Of<typeof SelfSubjectReview> {}
