import { UserInfo } from "#api/authentication-v1/userinfo";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, list, type Of, resource, string, struct, value } from "#machinery/schema";

export const TokenReviewSpec = struct("authentication.v1.TokenReviewSpec", {
  token: string(1).doc("The token in question."),
  audiences: list(2, string).atomic().doc("Whom the token should be meant for; by default this server."),
});
export interface TokenReviewSpec extends Of<typeof TokenReviewSpec> {}

export const TokenReviewStatus = struct("authentication.v1.TokenReviewStatus", {
  authenticated: bool(1).doc("The token belongs to a user."),
  user: value(2, UserInfo).doc("The user that it belongs to."),
  audiences: list(4, string).atomic().doc("Those asked for that the token is meant for."),
  error: string(3).doc("Why the token could not be checked."),
});
export interface TokenReviewStatus extends Of<typeof TokenReviewStatus> {}

export const TokenReview = resource({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  doc: "Asks who a token belongs to.",
  plural: "tokenreviews",
  namespaced: false,
  verbs: ["create"],
  metadata: ObjectMeta,
  spec: TokenReviewSpec,
  specRequired: true,
  status: TokenReviewStatus,
  statusSubresource: false,
});
export interface TokenReview extends Of<typeof TokenReview> {}
