/** What a service-account token says. Names of claims are on the wire. */
export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectClaim;
  readonly pod?: ObjectClaim;
  readonly secret?: ObjectClaim;
  readonly node?: { readonly name: string; readonly uid?: string };
  /** Seconds since the epoch: a token that lasts longer than was asked for should be read again by then. */
  readonly warnafter?: number;
}

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly "kubernetes.io": KubernetesClaims;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isObjectClaim = (value: unknown): value is ObjectClaim =>
  isRecord(value) && isText(value.name) && isText(value.uid);

/** The private claims, when they have their form. */
export function kubernetesClaims(payload: Record<string, unknown>): KubernetesClaims | undefined {
  const claims = payload["kubernetes.io"];
  if (!isRecord(claims) || !isText(claims.namespace) || !isObjectClaim(claims.serviceaccount))
    return undefined;
  const { pod, secret, node } = claims;
  if (pod !== undefined && !isObjectClaim(pod)) return undefined;
  if (secret !== undefined && !isObjectClaim(secret)) return undefined;
  if (node !== undefined && !(isRecord(node) && isText(node.name))) return undefined;
  if (claims.warnafter !== undefined && typeof claims.warnafter !== "number") return undefined;
  return claims as unknown as KubernetesClaims;
}
