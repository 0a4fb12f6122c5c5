/** Bootstrap tokens as Secrets of kube-system. */
import type { Secret } from "#api/core-v1/secret";
import { fromBase64 } from "#machinery/base64";
import { parseTime } from "#machinery/time";

const NAMESPACE = "kube-system";
const NAME_PREFIX = "bootstrap-token-";
const TYPE = "bootstrap.kubernetes.io/token";

export const isBootstrapToken = ({ type, metadata }: Secret): boolean =>
  type === TYPE && metadata.namespace === NAMESPACE;

export const valueOf = ({ data = {} }: Secret, key: string): string => {
  const value = data[key];
  return value === undefined ? "" : new TextDecoder().decode(fromBase64(value));
};

/** Epoch milliseconds; Infinity: never. What cannot be read has ended. */
export function endsAtMs(secret: Secret): number {
  const text = valueOf(secret, "expiration");
  if (text === "") return Infinity;
  try {
    return parseTime(text);
  } catch {
    return 0;
  }
}

export interface SigningToken {
  readonly id: string;
  readonly secret: string;
}

/** The token, if it may sign and its Secret is as it should be. */
export function signingToken(secret: Secret, nowMs: number): SigningToken | undefined {
  if (secret.metadata.deletionTimestamp || endsAtMs(secret) <= nowMs) return undefined;
  const token = { id: valueOf(secret, "token-id"), secret: valueOf(secret, "token-secret") };
  const isNamedAlike = secret.metadata.name === NAME_PREFIX + token.id;
  const maySign = valueOf(secret, "usage-bootstrap-signing") === "true";
  return isNamedAlike && token.secret !== "" && maySign ? token : undefined;
}
