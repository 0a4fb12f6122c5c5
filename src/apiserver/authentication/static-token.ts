import { createHash, timingSafeEqual } from "node:crypto";
import type { User } from "../contracts.ts";
import type { TokenAuthenticator, TokenHolder } from "./bearer-token.ts";
import { withAuthenticated } from "./users.ts";

/** Tokens that the operator has set. */
export class StaticTokenAuthenticator implements TokenAuthenticator {
  readonly #holders: readonly { readonly digest: Uint8Array; readonly holder: TokenHolder }[];

  constructor(tokens: ReadonlyMap<string, User>) {
    this.#holders = [...tokens].map(([token, user]) => ({
      digest: digestOf(token),
      holder: { user: withAuthenticated(user) },
    }));
  }

  async authenticateToken(token: string): Promise<TokenHolder | undefined> {
    const digest = digestOf(token);
    return this.#holders.find((candidate) => timingSafeEqual(candidate.digest, digest))?.holder;
  }
}

const digestOf = (token: string): Uint8Array => createHash("sha256").update(token).digest();
