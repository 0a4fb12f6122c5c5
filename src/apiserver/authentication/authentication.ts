/** Everything about who asks, put together. */
import type { KeyObject } from "node:crypto";
import type { Registry } from "prom-client";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import { logger } from "#base/log";
import { StatusError, unauthorized } from "#machinery/status";
import type { Authenticator, Credentials, ReadCache, User } from "../contracts.ts";
import { AnonymousAuthenticator } from "./anonymous.ts";
import { AuthenticationMetrics } from "./authentication-metrics.ts";
import { BadToken } from "./bad-token.ts";
import {
  BearerTokenAuthenticator,
  forServer,
  type TokenAuthenticator,
  tokenAuthenticators,
} from "./bearer-token.ts";
import { BootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import { ClientCertificateAuthenticator } from "./client-certificate.ts";
import type { ConfiguredIssuers } from "./configured-issuers.ts";
import { LegacyTokenAuthenticator } from "./legacy-token.ts";
import { ServiceAccountMetrics } from "./service-account-metrics.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import { StaticTokenAuthenticator } from "./static-token.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { TokenKeys, openIdConfiguration } from "./token-keys.ts";
import { authenticators } from "./union.ts";

const log = logger("apiserver.authentication");

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
  /** The first, `https://kubernetes.default.svc.cluster.local`, signs; tokens of all of them count. */
  readonly issuers: readonly [string, ...string[]];
  /** Names of this server, for whom tokens are; by default the issuers. */
  readonly audiences?: readonly string[];
  /** Where others find the keys of service-account tokens; by default this server. */
  readonly jwksUri?: string;
  /** Tokens of pods that are asked for a pod's usual hour last a year, for clients that never read them again. */
  readonly extendExpiration?: boolean;
  /** Service-account tokens live at most this long. */
  readonly maxExpirationSeconds?: number;
  /** Tokens that the operator has set. */
  readonly staticTokens?: ReadonlyMap<string, User>;
  /** Requests without credentials get as far as RBAC lets them; default true. The configuration may say otherwise. */
  readonly anonymous?: boolean;
  /** Issuers outside the cluster. */
  readonly configured?: ConfiguredIssuers;
  /** Tokens that a webhook knows. */
  readonly webhook?: TokenAuthenticator;
  /** Who is asked about a request before its certificate and token are looked at, such as a front proxy's headers. */
  readonly before?: readonly Authenticator[];
  readonly registry: Registry;
  /** Hears of the use of a token that lives in a Secret. */
  readonly legacyTokenUsed?: ConstructorParameters<typeof LegacyTokenAuthenticator>[0]["used"];
}

export class Authentication implements Authenticator {
  readonly issuer: TokenIssuer;
  readonly tokens: TokenAuthenticator;
  /** Names of this server, for whom tokens are. */
  readonly audiences: readonly string[];
  readonly #options: AuthenticationOptions;
  readonly #keys: TokenKeys;
  readonly #known: Authenticator;
  readonly #anonymous: AnonymousAuthenticator;
  readonly #metrics: AuthenticationMetrics;

  constructor(options: AuthenticationOptions) {
    const { clock, issuers } = options;
    this.#options = options;
    this.audiences = options.audiences ?? issuers;
    this.#keys = new TokenKeys(options.serviceAccountKey, options.olderServiceAccountKeys);
    const { audiences } = this;
    this.issuer = new TokenIssuer({ ...options, keys: this.#keys, issuer: issuers[0], audiences });
    this.tokens = this.#tokenUnion();
    this.#known = authenticators([
      ...(options.before ?? []),
      new ClientCertificateAuthenticator(options.clientAuthorities, clock),
      new BearerTokenAuthenticator(this.tokens),
    ]);
    const byOption = { enabled: options.anonymous ?? true };
    this.#anonymous = new AnonymousAuthenticator(() => options.configured?.anonymous ?? byOption);
    this.#metrics = new AuthenticationMetrics(options.registry);
  }

  /** Asked in the order of upstream. */
  #tokenUnion(): TokenAuthenticator {
    const { cache, clock, issuers, staticTokens, configured, webhook, legacyTokenUsed } = this.#options;
    const own = this.audiences;
    const keys = this.#keys;
    const metrics = new ServiceAccountMetrics(this.#options.registry);
    return tokenAuthenticators([
      ...(staticTokens ? [forServer(new StaticTokenAuthenticator(staticTokens), own)] : []),
      new ServiceAccountTokenAuthenticator({ keys, issuers, audiences: own, cache, clock, metrics }),
      forServer(
        new LegacyTokenAuthenticator({
          keys,
          cache,
          clock,
          metrics,
          ...(legacyTokenUsed ? { used: legacyTokenUsed } : {}),
        }),
        own,
      ),
      forServer(new BootstrapTokenAuthenticator(cache, clock), own),
      ...(configured ? [forServer(configured, own)] : []),
      ...(webhook ? [webhook] : []),
    ]);
  }

  /** Always somebody; throws Unauthorized. Whose certificate has been seen before is known at once. */
  authenticate(credentials: Credentials): User | Promise<User> {
    const startMs = this.#options.clock.monotonic();
    const known = this.#ask(credentials, startMs);
    if (!(known instanceof Promise)) return this.#found(known, credentials, startMs);
    return known.then(
      (user) => this.#found(user, credentials, startMs),
      (error: unknown) => this.#refused(error, startMs),
    );
  }

  #ask(credentials: Credentials, startMs: number): User | undefined | Promise<User | undefined> {
    try {
      return this.#known.authenticate(credentials);
    } catch (error) {
      return this.#refused(error, startMs);
    }
  }

  #found(known: User | undefined, credentials: Credentials, startMs: number): User {
    const user = known ?? this.#anonymous.authenticate(credentials);
    this.#metrics.done(user ? "success" : "failure", this.#options.clock.monotonic() - startMs, user);
    if (!user) throw unauthorized();
    return user;
  }

  #refused(error: unknown, startMs: number): never {
    // Why it is not right is nothing for those who may only be trying.
    if (!(error instanceof BadToken || error instanceof StatusError))
      log.error("it could not be told who asks", { error });
    this.#metrics.done("error", this.#options.clock.monotonic() - startMs);
    throw unauthorized();
  }

  /** The document at `/.well-known/openid-configuration`; `serverUrl` is where clients reach this server. */
  openIdConfiguration(serverUrl: string) {
    const { issuers, jwksUri = `${serverUrl}/openid/v1/jwks` } = this.#options;
    return openIdConfiguration(issuers[0], jwksUri, this.#keys);
  }

  /** The document at `/openid/v1/jwks`, of content type `application/jwk-set+json`. */
  jsonWebKeys() {
    return this.#keys.jsonWebKeys();
  }
}
