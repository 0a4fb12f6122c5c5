/** Answers "who am I?" (`kubectl auth whoami`) and "whose token is this?". */
import type { SelfSubjectReview } from "#api/authentication-v1/selfsubjectreview";
import type { TokenReview } from "#api/authentication-v1/tokenreview";
import type { UserInfo } from "#api/authentication-v1/userinfo";
import { StatusError, badRequest } from "#machinery/status";
import type { User } from "../contracts.ts";
import { BadToken } from "./bad-token.ts";
import type { TokenAuthenticator } from "./bearer-token.ts";

export const userInfo = ({ name, uid, groups, extra }: User): UserInfo => ({
  ...(name === "" ? {} : { username: name }),
  ...(uid ? { uid } : {}),
  ...(groups.length === 0 ? {} : { groups }),
  ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
});

export const reviewSelf = (review: SelfSubjectReview, user: User): SelfSubjectReview => ({
  ...review,
  status: { userInfo: userInfo(user) },
});

/** The review with its status. A token that is not right is an answer, not an error. */
export async function reviewToken(
  tokens: TokenAuthenticator,
  review: TokenReview,
  own: readonly string[] = [],
): Promise<TokenReview> {
  const { token = "", audiences } = review.spec;
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  const asked = audiences?.length ? audiences : own;
  try {
    const holder = await tokens.authenticateToken(token, asked);
    if (!holder) return { ...review, status: { user: {}, error: INVALID } };
    const meant = holder.audiences ?? asked;
    return {
      ...review,
      status: {
        authenticated: true,
        user: userInfo(holder.user),
        ...(meant.length > 0 ? { audiences: meant } : {}),
      },
    };
  } catch (error) {
    if (error instanceof BadToken)
      return { ...review, status: { user: {}, error: `[${INVALID}, ${error.message}]` } };
    if (!(error instanceof StatusError)) throw error;
    return { ...review, status: { user: {}, error: INVALID } };
  }
}

const INVALID = "invalid bearer token";
