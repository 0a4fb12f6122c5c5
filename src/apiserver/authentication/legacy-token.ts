/** Tokens that live in Secrets, without an end: they count as long as their Secret and their account are there. */
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Clock } from "#base/clock";
import { formatTime } from "#machinery/time";
import type { ReadCache, User } from "../contracts.ts";
import { BadToken } from "./bad-token.ts";
import type { TokenAuthenticator, TokenHolder } from "./bearer-token.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { ServiceAccountMetrics } from "./service-account-metrics.ts";
import type { TokenKeys } from "./token-keys.ts";
import { unverifiedIssuer } from "./unverified-issuer.ts";
import { accountGroups, accountUserName, withAuthenticated } from "./users.ts";

const LEGACY_ISSUER = "kubernetes/serviceaccount";
const CLAIM = "kubernetes.io/serviceaccount";
const TOKENS_MAX = 4096;

/** On Secrets: the last day on which their token was used. */
export const LAST_USED = "kubernetes.io/legacy-token-last-used";
/** On Secrets: since this day nobody may use their token. */
const INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";

/** Says since when it is put down which of these tokens are used. */
export const legacyTokenTracking = (nowMs: number) => ({
  metadata: { name: "kube-apiserver-legacy-service-account-token-tracking", namespace: "kube-system" },
  data: { since: dayOf(nowMs) },
});

interface LegacyClaims {
  readonly namespace: string;
  readonly secret: string;
  readonly name: string;
  readonly uid: string;
}

/** The token of a Secret; it has no end. */
export async function signLegacyToken(
  keys: TokenKeys,
  { namespace, secret, name, uid }: LegacyClaims,
): Promise<string> {
  const { SignJWT } = await import("jose/jwt/sign");
  return new SignJWT({
    iss: LEGACY_ISSUER,
    [`${CLAIM}/namespace`]: namespace,
    [`${CLAIM}/secret.name`]: secret,
    [`${CLAIM}/service-account.name`]: name,
    [`${CLAIM}/service-account.uid`]: uid,
    sub: accountUserName({ namespace, name }),
  })
    .setProtectedHeader({ alg: keys.signing.algorithm, kid: keys.signing.id })
    .sign(keys.privateKey);
}

export interface LegacyTokenOptions {
  readonly keys: TokenKeys;
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly metrics: ServiceAccountMetrics;
  /** Hears once a day of a Secret whose token is used; `day` is `2006-01-02`. */
  readonly used?: (secret: Secret, day: string) => void;
}

interface Verified {
  readonly user: User;
  readonly claims: LegacyClaims;
}

export class LegacyTokenAuthenticator implements TokenAuthenticator {
  readonly #options: LegacyTokenOptions;
  readonly #verified = new BoundedMap<string, Verified>(TOKENS_MAX);
  /** Days that were told already, by the Secret's uid: the cache may be behind. */
  readonly #told = new BoundedMap<string, string>(TOKENS_MAX);

  constructor(options: LegacyTokenOptions) {
    this.#options = options;
  }

  async authenticateToken(token: string): Promise<TokenHolder | undefined> {
    let verified = this.#verified.get(token);
    if (!verified) {
      if (unverifiedIssuer(token) !== LEGACY_ISSUER) return undefined;
      verified = await this.#verify(token);
      this.#verified.set(token, verified);
    }
    this.#stillThere(token, verified.claims);
    this.#options.metrics.legacy();
    return { user: verified.user };
  }

  async #verify(token: string): Promise<Verified> {
    const { keys } = this.#options;
    const { compactVerify } = await import("jose/jws/compact/verify");
    let payload: Uint8Array;
    try {
      const verified = await compactVerify(token, ({ kid, alg }) => {
        const key = keys.find(kid);
        if (!key || key.algorithm !== alg) throw new BadToken("invalid bearer token");
        return key.publicKey;
      });
      payload = verified.payload;
    } catch (cause) {
      throw new BadToken("invalid bearer token", { cause });
    }
    const claims = claimsOf(payload);
    const name = { namespace: claims.namespace, name: claims.name };
    const user = withAuthenticated({
      name: accountUserName(name),
      uid: claims.uid,
      groups: accountGroups(name),
    });
    return { user, claims };
  }

  #stillThere(token: string, { namespace, secret: secretName, name, uid }: LegacyClaims): void {
    const { cache } = this.#options;
    const secret = cache.get(Secret, namespace, secretName);
    if (!secret || secret.metadata.deletionTimestamp)
      throw new BadToken("service account token has been invalidated");
    if (decoded(secret.data?.token) !== token)
      throw new BadToken("service account token does not match server's copy");
    const account = cache.get(ServiceAccount, namespace, name);
    if (!account || account.metadata.deletionTimestamp)
      throw new BadToken("service account has been deleted");
    if (account.metadata.uid !== uid)
      throw new BadToken(`service account UID (${account.metadata.uid}) does not match claim (${uid})`);
    const since = secret.metadata.labels?.[INVALID_SINCE];
    if (since !== undefined)
      throw new BadToken(
        `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid since ${since}. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily allow use of this token`,
      );
    this.#use(secret);
  }

  #use(secret: Secret): void {
    const { used, clock } = this.#options;
    if (!used) return;
    const day = dayOf(clock.now());
    const { uid, labels = {} } = secret.metadata;
    if (labels[LAST_USED] === day || this.#told.get(uid) === day) return;
    this.#told.set(uid, day);
    used(secret, day);
  }
}

/** `2006-01-02`, of UTC. */
const dayOf = (nowMs: number): string => formatTime(nowMs).slice(0, "2006-01-02".length);

const decoded = (base64: string | undefined): string =>
  base64 === undefined ? "" : new TextDecoder().decode(Uint8Array.fromBase64(base64));

function claimsOf(payload: Uint8Array): LegacyClaims {
  // The signature is ours, and we sign objects only.
  const claims = JSON.parse(new TextDecoder().decode(payload)) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = claims[`${CLAIM}/${name}`];
    if (typeof value === "string" && value !== "") return value;
    throw new BadToken(`invalid bearer token: ${name} claim is missing`);
  };
  const namespace = text("namespace");
  const name = text("service-account.name");
  if (claims.sub !== accountUserName({ namespace, name })) throw new BadToken("sub claim is invalid");
  return { namespace, name, secret: text("secret.name"), uid: text("service-account.uid") };
}
