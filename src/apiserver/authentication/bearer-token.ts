import { unauthorized } from "#machinery/status";
import type { Authenticator, Credentials, User } from "../contracts.ts";
import { encodedToken } from "../http/web-socket-token.ts";
import { BadToken } from "./bad-token.ts";

/**
 * Whom a token stands for. `undefined`: not a token of this kind. Throws for one that is wrong, or that cannot be
 * judged now.
 */
export interface TokenAuthenticator {
  /** `audiences`: for whom the token must be; undefined: for this API server. */
  authenticateToken(
    token: string,
    audiences: readonly string[] | undefined,
  ): Promise<TokenHolder | undefined>;
}

export interface TokenHolder {
  readonly user: User;
  /** Those of the asked audiences that the token is for; absent when it is for no audience in particular. */
  readonly audiences?: readonly string[];
}

/** Longer ones are nobody's token. */
const TOKEN_BYTES_MAX = 16 * 1024;

/** `Authorization: Bearer …`, and the subprotocol by which browsers send it on a WebSocket. */
export class BearerTokenAuthenticator implements Authenticator {
  readonly #tokens: TokenAuthenticator;

  constructor(tokens: TokenAuthenticator) {
    this.#tokens = tokens;
  }

  authenticate(credentials: Credentials): Promise<User> | undefined {
    const token = bearerToken(credentials);
    return token === undefined ? undefined : this.#holderOf(token);
  }

  async #holderOf(token: string): Promise<User> {
    const holder = await this.#tokens.authenticateToken(token, undefined);
    if (!holder) throw unauthorized();
    return holder.user;
  }
}

const SCHEME = "bearer ";

function bearerToken({ header }: Credentials): string | undefined {
  const token = schemeToken(header("authorization")) ?? webSocketToken(header("sec-websocket-protocol"));
  // Whoever shows a token wants to be its holder, and is not somebody without one.
  if (token !== undefined && token.length > TOKEN_BYTES_MAX) throw unauthorized();
  return token;
}

/** Tokens are long, and looked at with every request: no pattern is matched against them. */
function schemeToken(authorization: string | undefined): string | undefined {
  if (authorization?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const token = authorization.slice(SCHEME.length).trim();
  return token === "" || token.includes(" ") ? undefined : token;
}

function webSocketToken(protocols: string | undefined): string | undefined {
  const encoded = encodedToken(protocols);
  if (encoded === undefined) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(encoded, { alphabet: "base64url" });
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unauthorized();
  }
}

/** Asks one after the other: what one of them cannot use, another may. Throws BadToken with what they all said. */
export const tokenAuthenticators = (inOrder: readonly TokenAuthenticator[]): TokenAuthenticator => ({
  async authenticateToken(token, audiences) {
    const failures: Error[] = [];
    for (const authenticator of inOrder) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the first that knows the token decides
        const holder = await authenticator.authenticateToken(token, audiences);
        if (holder) return holder;
      } catch (error) {
        failures.push(error as Error);
      }
    }
    if (failures.length === 0) return undefined;
    throw failures.length === 1 ? failures[0]! : joined(failures);
  },
});

function joined(failures: readonly Error[]): BadToken {
  const texts = [...new Set(failures.map(({ message }) => message))];
  return new BadToken(texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`, {
    cause: new AggregateError(failures),
  });
}

/** Tokens that say nothing about audiences are for this server, by each of its names. */
export const forServer = (tokens: TokenAuthenticator, own: readonly string[]): TokenAuthenticator => ({
  async authenticateToken(token, audiences = own) {
    const meant = audiences.filter((audience) => own.includes(audience));
    if (meant.length === 0) return undefined;
    const holder = await tokens.authenticateToken(token, audiences);
    return holder && { ...holder, audiences: meant };
  },
});
