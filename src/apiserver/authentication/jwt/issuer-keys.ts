import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from "jose";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { isObject } from "#machinery/patch/merge-patch";
import { BadToken } from "../bad-token.ts";
import type { Issuer } from "../configuration/authentication-configuration.ts";
import { fetchJson } from "./fetch-json.ts";

const log = logger("apiserver.authentication");

/** An issuer that could not be asked, or whose keys did not help, is not asked again sooner. */
const PAUSE_MS = 10_000;
/** Keys that an issuer has taken back are forgotten after this, by the next token that comes. */
const AGE_MS_MAX = 60 * 60 * 1000;

const WELL_KNOWN = "/.well-known/openid-configuration";

/** As jose takes it: finds the keys that may have signed a token. */
export type FindKeys = (
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
) => Promise<CryptoKey | readonly CryptoKey[]>;

interface KeySet {
  readonly find: FindKeys;
  readonly fetchedAtMs: number;
}

export interface IssuerKeysOptions {
  readonly issuer: Issuer;
  readonly clock: Clock;
  /** Hears of every time the keys were asked for; without the document when that failed. */
  readonly fetched?: (document: JSONWebKeySet | undefined) => void;
}

/**
 * The public keys of an issuer, as its documents say. They are fetched with the first token and when a token names a
 * key that is not known. Many tokens at once cost one request.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: KeySet | undefined;
  #fetching: Promise<KeySet> | undefined;
  #failure: Error | undefined;
  #askedAtMs = -Infinity;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** Throws when the keys cannot be had, and what jose throws when none fits. */
  readonly find: FindKeys = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      // Another token of a new key may be asking already.
      if (!this.#fetching && !this.#mayAsk()) throw error;
      const newer = await this.#fetch().catch(() => keys);
      return newer.find(header, token);
    }
  };

  /** Asks anew, as a new key may have the name of another, or none. False: there is nothing newer yet. */
  readonly renew = async (): Promise<boolean> => {
    if (!this.#fetching && !this.#mayAsk()) return false;
    return this.#fetch().then(
      () => true,
      () => false,
    );
  };

  async #current(): Promise<KeySet> {
    const known = this.#keys;
    if (known && this.#options.clock.monotonic() - known.fetchedAtMs < AGE_MS_MAX) return known;
    if (this.#fetching || this.#mayAsk()) return known ? this.#fetch().catch(() => known) : this.#fetch();
    if (known) return known;
    throw new BadToken("oidc: authenticator not initialized", { cause: this.#failure });
  }

  #mayAsk(): boolean {
    return this.#options.clock.monotonic() - this.#askedAtMs >= PAUSE_MS;
  }

  #fetch(): Promise<KeySet> {
    this.#fetching ??= this.#ask().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #ask(): Promise<KeySet> {
    const { issuer, clock, fetched } = this.#options;
    this.#askedAtMs = clock.monotonic();
    try {
      const document = await keysOf(issuer, clock);
      const find = await finderIn(document);
      this.#failure = undefined;
      this.#keys = { find, fetchedAtMs: clock.monotonic() };
      fetched?.(document);
      return this.#keys;
    } catch (thrown) {
      const error = thrown as Error;
      this.#failure = error;
      fetched?.(undefined);
      log.warn("the keys of a token issuer cannot be had", { issuer: issuer.url, error: error.message });
      throw new BadToken("oidc: authenticator not initialized", { cause: error });
    }
  }
}

async function keysOf(issuer: Issuer, clock: Clock): Promise<JSONWebKeySet> {
  const ca = issuer.certificateAuthority || undefined;
  const place = issuer.discoveryURL || `${(issuer.url ?? "").replace(/\/$/, "")}${WELL_KNOWN}`;
  const provider = await fetchJson(place, ca, clock);
  if (!isObject(provider)) throw new Error(`${place} holds no provider configuration`);
  if (provider.issuer !== issuer.url) {
    const [wanted, got] = [issuer.url, provider.issuer].map((each) => JSON.stringify(each));
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected ${wanted} got ${got}`,
    );
  }
  const uri = provider.jwks_uri;
  if (typeof uri !== "string" || !uri.startsWith("https://"))
    throw new Error(`${place} names no jwks_uri with scheme https`);
  const document = await fetchJson(uri, ca, clock);
  if (!isObject(document) || !Array.isArray(document.keys)) throw new Error(`${uri} holds no key set`);
  // Its keys are looked at one by one when a token asks for them.
  return document as unknown as JSONWebKeySet;
}

async function finderIn(document: JSONWebKeySet): Promise<FindKeys> {
  const [{ createLocalJWKSet }, { JWKSMultipleMatchingKeys }] = await Promise.all([
    import("jose/jwks/local"),
    import("jose/errors"),
  ]);
  const find = createLocalJWKSet(document);
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      // A token may leave out which of the keys it is.
      if (error instanceof JWKSMultipleMatchingKeys) return Array.fromAsync(error);
      throw error;
    }
  };
}
