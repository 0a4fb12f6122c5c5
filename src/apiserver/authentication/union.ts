import type { Authenticator, User } from "../contracts.ts";

/**
 * Asks one after the other: credentials that are no good to one may be good to another. Undefined: there were none.
 * Throws the first refusal when nobody knows the caller.
 */
export const authenticators = (inOrder: readonly Authenticator[]): Authenticator => ({
  async authenticate(credentials): Promise<User | undefined> {
    let refusal: unknown;
    for (const authenticator of inOrder) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the first that knows the caller decides
        const user = await authenticator.authenticate(credentials);
        if (user) return user;
      } catch (error) {
        refusal ??= error;
      }
    }
    if (refusal !== undefined) throw refusal;
    return undefined;
  },
});
