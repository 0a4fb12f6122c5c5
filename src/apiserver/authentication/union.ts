import type { Authenticator, Credentials } from "../contracts.ts";

/**
 * Asks one after the other: credentials that are no good to one may be good to another. Undefined: there were none.
 * Throws the first refusal when nobody knows the caller.
 */
export const authenticators = (inOrder: readonly Authenticator[]): Authenticator => ({
  authenticate: (credentials) => firstToKnow(inOrder, credentials, undefined),
});

function firstToKnow(
  inOrder: readonly Authenticator[],
  credentials: Credentials,
  refused: unknown,
): ReturnType<Authenticator["authenticate"]> {
  let refusal = refused;
  for (let at = 0; at < inOrder.length; at++) {
    try {
      const user = inOrder[at]!.authenticate(credentials);
      if (user instanceof Promise) {
        const first = refusal;
        const others = (reason: unknown) => firstToKnow(inOrder.slice(at + 1), credentials, reason);
        return user.then(
          (found) => found ?? others(first),
          (error: unknown) => others(first ?? error),
        );
      }
      if (user) return user;
    } catch (error) {
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
}
