import type { Clock } from "#base/clock";
import { type TokenAuthenticator, type TokenHolder, tokenAuthenticators } from "./bearer-token.ts";
import type { Anonymous, AuthenticationConfiguration } from "./configuration/authentication-configuration.ts";
import { compileAuthentication } from "./configuration/compile-authentication.ts";
import { JwtAuthenticator } from "./jwt/jwt-authenticator.ts";
import type { JwtMetrics } from "./jwt/jwt-metrics.ts";

export interface ConfiguredIssuersOptions {
  readonly clock: Clock;
  readonly metrics: JwtMetrics;
  /** Issuers that no configuration may name: those of this server itself. */
  readonly disallowed: ReadonlySet<string>;
  /** Algorithms that tokens may be signed with; default all that are asymmetric. */
  readonly algorithms?: readonly string[];
}

/** Tokens of the issuers that the configuration names, and who it lets in without one. It may change at any time. */
export class ConfiguredIssuers implements TokenAuthenticator {
  readonly #options: ConfiguredIssuersOptions;
  #tokens = tokenAuthenticators([]);
  #anonymous: Anonymous | undefined;

  constructor(options: ConfiguredIssuersOptions) {
    this.#options = options;
  }

  /** Undefined: the configuration leaves it to others. */
  get anonymous(): Anonymous | undefined {
    return this.#anonymous;
  }

  /** Takes the place of what was configured before. Throws ConfigurationError and changes nothing. */
  use(configuration: AuthenticationConfiguration): void {
    const { disallowed, ...options } = this.#options;
    const { issuers, anonymous } = compileAuthentication(configuration, disallowed);
    this.#tokens = tokenAuthenticators(issuers.map((issuer) => new JwtAuthenticator({ ...options, issuer })));
    this.#anonymous = anonymous;
  }

  authenticateToken(
    token: string,
    audiences: readonly string[] | undefined,
  ): Promise<TokenHolder | undefined> {
    return this.#tokens.authenticateToken(token, audiences);
  }
}
