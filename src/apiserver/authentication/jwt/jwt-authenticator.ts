import type { Clock } from "#base/clock";
import type { User } from "../../contracts.ts";
import type { TokenAuthenticator, TokenHolder } from "../bearer-token.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { CompiledIssuer } from "../configuration/compile-authentication.ts";
import { unverifiedIssuer } from "../unverified-issuer.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { JwtMetrics } from "./jwt-metrics.ts";
import { userOfClaims } from "./map-claims.ts";
import { ALGORITHMS, expiryMsOf, verifyToken } from "./verify-token.ts";

/** Tokens whose signature was checked and that are remembered, for each issuer. */
const TOKENS_MAX = 4096;
/** How long keys that the issuer has taken back may still let a token in. */
const REMEMBERED_MS = 10_000;

interface Known {
  readonly user: User;
  readonly untilMs: number;
}

export interface JwtAuthenticatorOptions {
  readonly issuer: CompiledIssuer;
  /** Those of the issuer. */
  readonly keys: IssuerKeys;
  readonly clock: Clock;
  readonly metrics: JwtMetrics;
  /** Default: all that are asymmetric. */
  readonly algorithms?: readonly string[];
}

/** Tokens of one issuer outside the cluster. Claims that point to other sources of claims are not followed. */
export class JwtAuthenticator implements TokenAuthenticator {
  readonly #options: JwtAuthenticatorOptions;
  readonly #url: string;
  readonly #known = new BoundedMap<string, Known>(TOKENS_MAX);

  constructor(options: JwtAuthenticatorOptions) {
    this.#options = options;
    this.#url = options.issuer.issuer.url ?? "";
  }

  async authenticateToken(token: string): Promise<TokenHolder | undefined> {
    const nowMs = this.#options.clock.now();
    const known = this.#known.get(token);
    if (known && nowMs < known.untilMs) return { user: known.user };
    if (unverifiedIssuer(token) !== this.#url) return undefined;
    const { metrics, clock } = this.#options;
    const startMs = clock.monotonic();
    let result: "success" | "failure" = "failure";
    try {
      const user = await this.#look(token, nowMs);
      result = "success";
      return { user };
    } finally {
      metrics.judged(this.#url, result, clock.monotonic() - startMs);
    }
  }

  async #look(token: string, nowMs: number): Promise<User> {
    const { issuer, keys, clock, algorithms = ALGORITHMS } = this.#options;
    const { audiences = [] } = issuer.issuer;
    const { find, renew } = keys;
    const claims = await verifyToken(token, { find, renew, algorithms, audiences, clock });
    const user = userOfClaims(issuer, claims);
    this.#known.set(token, { user, untilMs: Math.min(nowMs + REMEMBERED_MS, expiryMsOf(claims)) });
    return user;
  }
}
