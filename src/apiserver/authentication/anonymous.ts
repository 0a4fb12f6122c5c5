import type { Authenticator, Credentials, User } from "../contracts.ts";
import type { Anonymous } from "./configuration/authentication-configuration.ts";
import { anonymous } from "./users.ts";

/** Those who come without credentials: who they are allowed to be is for authorization, and where, for the configuration. */
export class AnonymousAuthenticator implements Authenticator {
  readonly #rules: () => Anonymous;

  constructor(rules: () => Anonymous) {
    this.#rules = rules;
  }

  authenticate({ path }: Credentials): User | undefined {
    const { enabled, conditions = [] } = this.#rules();
    if (!enabled) return undefined;
    return conditions.length === 0 || conditions.some((condition) => condition.path === path)
      ? anonymous
      : undefined;
  }
}
