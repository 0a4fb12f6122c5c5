/** Everything about who asks, put together. */
import type { KeyObject } from "node:crypto";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import { unauthorized } from "#machinery/status";
import type { Authenticator, Credentials, ReadCache, User } from "../contracts.ts";
import { BearerTokenAuthenticator, type TokenAuthenticator, tokenAuthenticators } from "./bearer-token.ts";
import { BootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import { ClientCertificateAuthenticator } from "./client-certificate.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import { StaticTokenAuthenticator } from "./static-token.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { TokenKeys, openIdConfiguration } from "./token-keys.ts";
import { anonymous } from "./users.ts";

export interface AuthenticationOptions {
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly random: Random;
  /** PEM of the authorities whose client certificates count. */
  readonly clientAuthorities: readonly string[];
  /** Signs service-account tokens. */
  readonly serviceAccountKey: KeyObject;
  /** Public keys whose tokens still count. */
  readonly olderServiceAccountKeys?: readonly KeyObject[];
  /** `https://kubernetes.default.svc.cluster.local` */
  readonly issuer: string;
  /** By default the issuer. */
  readonly audiences?: readonly string[];
  /** Tokens that the operator has set. */
  readonly staticTokens?: ReadonlyMap<string, User>;
  /** Requests without credentials get as far as RBAC lets them; default true. */
  readonly anonymous?: boolean;
}

export class Authentication implements Authenticator {
  readonly issuer: TokenIssuer;
  readonly tokens: TokenAuthenticator;
  readonly #keys: TokenKeys;
  readonly #issuerUrl: string;
  readonly #certificates: ClientCertificateAuthenticator;
  readonly #bearer: BearerTokenAuthenticator;
  readonly #anonymous: boolean;

  constructor(options: AuthenticationOptions) {
    const { cache, clock, random, issuer } = options;
    const audiences = options.audiences ?? [issuer];
    this.#issuerUrl = issuer;
    this.#keys = new TokenKeys(options.serviceAccountKey, options.olderServiceAccountKeys);
    this.#certificates = new ClientCertificateAuthenticator(options.clientAuthorities, clock);
    const shared = { keys: this.#keys, issuer, audiences, cache, clock };
    this.issuer = new TokenIssuer({ ...shared, random });
    this.tokens = tokenAuthenticators([
      ...(options.staticTokens ? [new StaticTokenAuthenticator(options.staticTokens)] : []),
      new BootstrapTokenAuthenticator(cache, clock),
      new ServiceAccountTokenAuthenticator(shared),
    ]);
    this.#bearer = new BearerTokenAuthenticator(this.tokens);
    this.#anonymous = options.anonymous ?? true;
  }

  /** Always somebody; throws Unauthorized. */
  async authenticate(credentials: Credentials): Promise<User> {
    const user =
      (await this.#certificates.authenticate(credentials)) ?? (await this.#bearer.authenticate(credentials));
    if (user) return user;
    if (!this.#anonymous) throw unauthorized();
    return anonymous;
  }

  /** The document at `/.well-known/openid-configuration`; `serverUrl` is where clients reach this server. */
  openIdConfiguration(serverUrl: string) {
    return openIdConfiguration(this.#issuerUrl, `${serverUrl}/openid/v1/jwks`, this.#keys);
  }

  /** The document at `/openid/v1/jwks`, of content type `application/jwk-set+json`. */
  jsonWebKeys() {
    return this.#keys.jsonWebKeys();
  }
}
