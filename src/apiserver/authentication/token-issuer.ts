/** Makes tokens for service accounts: the TokenRequest API. */
import type { BoundObjectReference, TokenRequest } from "#api/authentication-v1/tokenrequest";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import { type FieldProblem, invalid } from "#machinery/schema";
import { badRequest, conflict, invalidObject, notFound } from "#machinery/status";
import { formatTime } from "#machinery/time";
import type { ReadCache } from "../contracts.ts";
import type { KubernetesClaims, TokenClaims } from "./service-account-claims.ts";
import type { TokenKeys } from "./token-keys.ts";
import { accountUserName } from "./users.ts";

export interface TokenIssuerOptions {
  readonly keys: TokenKeys;
  readonly issuer: string;
  /** What a token is for when the request names nobody. */
  readonly audiences: readonly string[];
  /** Tokens of pods that are asked for a pod's usual hour last a year, for clients that never read them again; default true. */
  readonly extendExpiration?: boolean;
  /** Nobody gets a token for longer. */
  readonly maxExpirationSeconds?: number;
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly random: Random;
}

const LIFETIME_SECONDS_MIN = 600;
const LIFETIME_SECONDS_MAX = 2 ** 32;
const LIFETIME_SECONDS_DEFAULT = 3600;

/** What a kubelet asks for in the name of a pod that says nothing about it. */
const PROJECTED_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

const ACCOUNTS = { group: "", plural: "serviceaccounts" };

/** What a token's claims say about the object it is bound to. */
type Binding = Pick<KubernetesClaims, "pod" | "secret" | "node">;

export class TokenIssuer {
  readonly #options: TokenIssuerOptions;

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
  }

  /**
   * The request with its token; `noteId` hears what the token is known by on record. Throws what the API answers to a
   * request that cannot be met.
   */
  async issue(
    request: TokenRequest,
    namespace: string,
    name: string,
    noteId?: (id: string) => void,
  ): Promise<TokenRequest> {
    const { cache, clock, audiences, maxExpirationSeconds = Infinity } = this.#options;
    const account = cache.get(ServiceAccount, namespace, name);
    if (!account) throw notFound(ACCOUNTS, name);
    if (account.metadata.deletionTimestamp) {
      throw conflict(ACCOUNTS, name, `the service account ${namespace}/${name} is being deleted`);
    }
    const spec = {
      ...request.spec,
      audiences: request.spec.audiences?.length ? request.spec.audiences : audiences,
      expirationSeconds: request.spec.expirationSeconds ?? LIFETIME_SECONDS_DEFAULT,
    };
    refuseBadSpec(name, Number(spec.expirationSeconds));
    const seconds = Math.min(Number(spec.expirationSeconds), maxExpirationSeconds);
    const binding = spec.boundObjectRef ? this.#bind(spec.boundObjectRef, namespace, name) : {};
    const issuedAt = Math.floor(clock.now() / 1000);
    const expires = issuedAt + seconds;
    const isExtended = this.#extends(request, seconds);
    const serviceaccount = { name, uid: account.metadata.uid };
    const id = uuid(this.#options.random);
    const token = await this.#sign(
      id,
      { namespace, ...binding, serviceaccount, ...(isExtended ? { warnafter: expires } : {}) },
      spec.audiences,
      issuedAt,
      isExtended ? issuedAt + Math.min(EXTENDED_SECONDS, maxExpirationSeconds) : expires,
    );
    noteId?.(id);
    return {
      ...request,
      metadata: { ...request.metadata, name, namespace, creationTimestamp: formatTime(clock.now()) },
      spec: { ...spec, expirationSeconds: seconds },
      status: { token, expirationTimestamp: formatTime(expires * 1000) },
    };
  }

  /** Only where the kubelet asks in a pod's name, for this server: who else names a time means it. */
  #extends({ spec }: TokenRequest, seconds: number): boolean {
    const { extendExpiration = true, audiences } = this.#options;
    if (!extendExpiration || seconds !== PROJECTED_SECONDS || spec.boundObjectRef?.kind !== "Pod")
      return false;
    return (spec.audiences ?? []).every((audience) => audiences.includes(audience));
  }

  #bind(reference: BoundObjectReference, namespace: string, account: string): Binding {
    const { kind, apiVersion, name = "" } = reference;
    const { cache } = this.#options;
    const of = `${apiVersion}/${kind}`;
    if (of === "v1/Pod") {
      const pod = cache.get(Pod, namespace, name);
      if (!pod) throw notFound({ group: "", plural: "pods" }, name);
      sameUid("pods", reference, pod.metadata.uid);
      if (pod.spec.serviceAccountName !== account) {
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
        );
      }
      return { pod: { name, uid: pod.metadata.uid }, ...nodeOfPod(cache, pod) };
    }
    if (of === "v1/Node") {
      const node = cache.get(Node, undefined, name);
      if (!node) throw notFound({ group: "", plural: "nodes" }, name);
      sameUid("nodes", reference, node.metadata.uid);
      return { node: { name, uid: node.metadata.uid } };
    }
    if (of === "v1/Secret") {
      const secret = cache.get(Secret, namespace, name);
      if (!secret) throw notFound({ group: "", plural: "secrets" }, name);
      sameUid("secrets", reference, secret.metadata.uid);
      return { secret: { name, uid: secret.metadata.uid } };
    }
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }

  async #sign(
    id: string,
    claims: KubernetesClaims,
    audiences: readonly string[],
    issuedAt: number,
    expires: number,
  ): Promise<string> {
    const { keys, issuer } = this.#options;
    const payload: TokenClaims = {
      aud: audiences,
      exp: expires,
      iat: issuedAt,
      iss: issuer,
      jti: id,
      "kubernetes.io": claims,
      nbf: issuedAt,
      sub: accountUserName({ namespace: claims.namespace, name: claims.serviceaccount.name }),
    };
    const { SignJWT } = await import("jose/jwt/sign");
    return new SignJWT(payload as unknown as Record<string, unknown>)
      .setProtectedHeader({ alg: keys.signing.algorithm, kid: keys.signing.id })
      .sign(keys.privateKey);
  }
}

/** A node that is gone leaves its name only. */
function nodeOfPod(cache: ReadCache, pod: Pod): Binding {
  const name = pod.spec.nodeName;
  if (!name) return {};
  const uid = cache.get(Node, undefined, name)?.metadata.uid;
  return { node: uid === undefined ? { name } : { name, uid } };
}

function sameUid(plural: string, { name = "", uid }: BoundObjectReference, present: string): void {
  if (!uid || uid === present) return;
  throw conflict(
    { group: "", plural },
    name,
    `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
  );
}

function refuseBadSpec(name: string, seconds: number): void {
  const path = "spec.expirationSeconds";
  const problems: FieldProblem[] = [];
  if (seconds < LIFETIME_SECONDS_MIN) {
    problems.push(invalid(path, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > LIFETIME_SECONDS_MAX) {
    problems.push(invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  if (problems.length > 0) {
    throw invalidObject({ group: "authentication.k8s.io", kind: "TokenRequest" }, name, problems);
  }
}
