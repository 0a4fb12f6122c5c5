import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Clock } from "#base/clock";
import type { AnyObject } from "#machinery/schema";
import { parseTime } from "#machinery/time";
import type { ReadCache, User } from "../contracts.ts";
import { keepNotes } from "./audit-notes.ts";
import { BadToken } from "./bad-token.ts";
import type { TokenAuthenticator, TokenHolder } from "./bearer-token.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type KubernetesClaims, type ObjectClaim, kubernetesClaims } from "./service-account-claims.ts";
import type { ServiceAccountMetrics } from "./service-account-metrics.ts";
import type { TokenKeys } from "./token-keys.ts";
import { unverifiedIssuer } from "./unverified-issuer.ts";
import { CREDENTIAL_ID, accountGroups, accountUserName, withAuthenticated } from "./users.ts";

export interface ServiceAccountTokenOptions {
  readonly keys: TokenKeys;
  readonly issuers: readonly string[];
  /** For whom a token must be when nobody asks for another audience: this API server. */
  readonly audiences: readonly string[];
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly metrics: ServiceAccountMetrics;
}

/** Tokens whose signature was checked and that are remembered. */
const TOKENS_MAX = 4096;

/** A bound object that is being deleted gives its tokens this long, as its pod is still stopping. */
const DELETION_LEEWAY_MS = 60 * 1000;

interface Verified {
  readonly user: User;
  readonly claims: KubernetesClaims;
  readonly audiences: readonly string[];
  readonly notBeforeMs: number;
  readonly expiresMs: number;
}

/**
 * Tokens that this cluster has signed for its service accounts. A signature is checked once; whether the account and
 * the object that the token is bound to still exist, at every use.
 */
export class ServiceAccountTokenAuthenticator implements TokenAuthenticator {
  readonly #options: ServiceAccountTokenOptions;
  readonly #verified = new BoundedMap<string, Verified>(TOKENS_MAX);

  constructor(options: ServiceAccountTokenOptions) {
    this.#options = options;
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[] = this.#options.audiences,
  ): Promise<TokenHolder | undefined> {
    let verified = this.#verified.get(token);
    if (!verified) {
      if (!this.#options.issuers.includes(unverifiedIssuer(token) ?? "")) return undefined;
      verified = await this.#verify(token);
      this.#verified.set(token, verified);
    }
    const nowMs = this.#options.clock.now();
    if (nowMs >= verified.expiresMs || nowMs < verified.notBeforeMs) {
      this.#verified.delete(token);
      throw new BadToken(
        nowMs < verified.notBeforeMs
          ? "service account token is not valid yet"
          : "service account token has expired",
      );
    }
    const meant = audiences.filter((audience) => verified.audiences.includes(audience));
    if (meant.length === 0) {
      throw new BadToken(
        `token audiences ${quoted(verified.audiences)} is invalid for the target audiences ${quoted(audiences)}`,
      );
    }
    if (!this.#stillThere(verified.claims, nowMs))
      throw new BadToken("service account token has been invalidated");
    this.#options.metrics.bound(nowMs > (verified.claims.warnafter ?? Infinity) * 1000);
    return { user: verified.user, audiences: meant };
  }

  async #verify(token: string): Promise<Verified> {
    const { issuers, keys, clock } = this.#options;
    // Loaded with the first token: a server that has just started has none to look at.
    const { jwtVerify } = await import("jose/jwt/verify");
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid, alg }) => {
          const key = keys.find(kid);
          if (!key || key.algorithm !== alg) throw new BadToken("invalid bearer token");
          return key.publicKey;
        },
        { issuer: [...issuers], currentDate: new Date(clock.now()), requiredClaims: ["exp", "sub", "aud"] },
      );
      const claims = kubernetesClaims(payload);
      if (!claims || payload.sub !== accountUserName(nameOf(claims)))
        throw new BadToken("invalid bearer token");
      const user = userOf(claims, payload.jti);
      noteStale(user, claims, clock);
      return {
        user,
        claims,
        audiences: [payload.aud ?? []].flat(),
        notBeforeMs: (payload.nbf ?? 0) * 1000,
        expiresMs: payload.exp! * 1000,
      };
    } catch (cause) {
      const expired = (cause as { code?: string }).code === "ERR_JWT_EXPIRED";
      throw new BadToken(expired ? "service account token has expired" : "invalid bearer token", { cause });
    }
  }

  #stillThere({ namespace, serviceaccount, pod, secret, node }: KubernetesClaims, nowMs: number): boolean {
    const { cache } = this.#options;
    return (
      isSame(cache.get(ServiceAccount, namespace, serviceaccount.name), serviceaccount, nowMs) &&
      (!pod || isSame(cache.get(Pod, namespace, pod.name), pod, nowMs)) &&
      (!secret || isSame(cache.get(Secret, namespace, secret.name), secret, nowMs)) &&
      // With a pod, the node only tells where it runs.
      (!node || pod !== undefined || isSame(cache.get(Node, undefined, node.name), node, nowMs))
    );
  }
}

function isSame(found: AnyObject | undefined, claim: Partial<ObjectClaim>, nowMs: number): boolean {
  if (!found || found.metadata.uid !== claim.uid) return false;
  const { deletionTimestamp } = found.metadata;
  return deletionTimestamp === undefined || nowMs < parseTime(deletionTimestamp) + DELETION_LEEWAY_MS;
}

const nameOf = ({ namespace, serviceaccount }: KubernetesClaims) => ({
  namespace,
  name: serviceaccount.name,
});

function userOf(claims: KubernetesClaims, tokenId: string | undefined): User {
  const { pod, node, serviceaccount } = claims;
  const facts: readonly [string, string | undefined][] = [
    [CREDENTIAL_ID, tokenId && `JTI=${tokenId}`],
    ["authentication.kubernetes.io/pod-name", pod?.name],
    ["authentication.kubernetes.io/pod-uid", pod?.uid],
    ["authentication.kubernetes.io/node-name", node?.name],
    ["authentication.kubernetes.io/node-uid", node?.uid],
  ];
  const extra = facts.flatMap(([key, value]) => (value ? [[key, [value]] as const] : []));
  const name = nameOf(claims);
  return withAuthenticated({
    name: accountUserName(name),
    uid: serviceaccount.uid,
    groups: accountGroups(name),
    extra: Object.fromEntries(extra),
  });
}

const quoted = (texts: readonly string[]): string =>
  `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;

/** Extended tokens are to be read again long before they end: whoever does not is on record. */
function noteStale(user: User, { warnafter }: KubernetesClaims, clock: Clock): void {
  if (warnafter === undefined) return;
  keepNotes(user, () => {
    const seconds = Math.floor(clock.now() / 1000) - warnafter;
    if (seconds <= 0) return [];
    const value = `subject: ${user.name}, seconds after warning threshold: ${seconds}`;
    return [["authentication.k8s.io/stale-token", value]];
  });
}
