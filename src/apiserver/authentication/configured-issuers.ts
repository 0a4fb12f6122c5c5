import type { Clock } from "#base/clock";
import { type TokenAuthenticator, type TokenHolder, tokenAuthenticators } from "./bearer-token.ts";
import type {
  Anonymous,
  AuthenticationConfiguration,
  Issuer,
} from "./configuration/authentication-configuration.ts";
import { compileAuthentication } from "./configuration/compile-authentication.ts";
import { IssuerKeys, type IssuerKeysOptions } from "./jwt/issuer-keys.ts";
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
  /** Keys that are known stay known when other parts of the configuration change. */
  #keys: ReadonlyMap<string, IssuerKeys> = new Map();
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
    const kept = new Map<string, IssuerKeys>();
    const authenticators = issuers.map((issuer) => {
      const place = placeOf(issuer.issuer);
      const keys = this.#keys.get(place) ?? this.#keysOf(issuer.issuer);
      kept.set(place, keys);
      return new JwtAuthenticator({ ...options, issuer, keys });
    });
    this.#keys = kept;
    this.#tokens = tokenAuthenticators(authenticators);
    this.#anonymous = anonymous;
  }

  #keysOf(issuer: Issuer): IssuerKeys {
    const { clock, metrics } = this.#options;
    const fetched: IssuerKeysOptions["fetched"] = (document) =>
      metrics.fetched(issuer.url ?? "", document, clock.now());
    return new IssuerKeys({ issuer, clock, fetched });
  }

  authenticateToken(
    token: string,
    audiences: readonly string[] | undefined,
  ): Promise<TokenHolder | undefined> {
    return this.#tokens.authenticateToken(token, audiences);
  }
}

/** Where keys come from, and by which authority that is known. */
const placeOf = ({ url, discoveryURL, certificateAuthority }: Issuer): string =>
  JSON.stringify([url, discoveryURL, certificateAuthority]);
