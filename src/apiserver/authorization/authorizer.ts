import type { Authorizer, Decision, RequestInfo, User } from "../contracts.ts";

export const ADMIN_GROUP = "system:masters";

const MASTERS: Decision = { verdict: "allow", reason: "" };
const NOBODY: Decision = { verdict: "no-opinion", reason: "" };

/** Asks one after the other until one allows or denies. Members of `system:masters` may do everything. */
export function authorizers(inOrder: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, request) {
      return user.groups.includes(ADMIN_GROUP) ? MASTERS : ask(inOrder, 0, user, request, NOBODY);
    },
  };
}

/** Stays synchronous while the answers are. */
function ask(
  inOrder: readonly Authorizer[],
  index: number,
  user: User,
  request: RequestInfo,
  previous: Decision,
): Decision | Promise<Decision> {
  const authorizer = inOrder[index];
  if (!authorizer) return previous;
  const next = (decision: Decision) =>
    decision.verdict === "no-opinion"
      ? ask(inOrder, index + 1, user, request, joined(previous, decision))
      : decision;
  const decision = authorizer.authorize(user, request);
  return decision instanceof Promise ? decision.then(next) : next(decision);
}

function joined(previous: Decision, decision: Decision): Decision {
  if (previous === NOBODY) return decision;
  const errors = [previous.error, decision.error].filter((error) => error !== undefined);
  return {
    verdict: "no-opinion",
    reason: [previous.reason, decision.reason].filter((reason) => reason !== "").join(", "),
    ...(errors.length === 0 ? {} : { error: errors.join(", ") }),
  };
}
