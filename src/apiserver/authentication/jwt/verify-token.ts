import type { Clock } from "#base/clock";
import { isObject } from "#machinery/patch/merge-patch";
import { formatTime } from "#machinery/time";
import { BadToken } from "../bad-token.ts";
import type { Claims } from "../configuration/claim-expressions.ts";
import type { FindKeys } from "./issuer-keys.ts";

/** Asymmetric ones only: no issuer shares a secret with this server. */
export const ALGORITHMS: readonly string[] = [
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
];

/** Clocks of issuers may be ahead of ours by this. */
const NOT_BEFORE_LEEWAY_MS = 5 * 60 * 1000;

/** The largest number that is a date, in milliseconds. */
const DATE_MS_MAX = 8.64e15;

export interface VerifyOptions {
  readonly find: FindKeys;
  /** Looks for newer keys. False: there are none. */
  readonly renew: () => Promise<boolean>;
  readonly algorithms: readonly string[];
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

/** The claims of a token whose signature, time and audience are right. Throws BadToken. */
export async function verifyToken(token: string, options: VerifyOptions): Promise<Claims> {
  const claims = claimsOf(await signedBytes(token, options));
  refuseWrongTime(claims, options.clock.now());
  refuseWrongAudience(claims, options.audiences);
  return claims;
}

async function signedBytes(token: string, { find, renew, algorithms }: VerifyOptions): Promise<Uint8Array> {
  refuseWrongAlgorithm(token, algorithms);
  try {
    try {
      return await verified(token, find, algorithms);
    } catch (error) {
      if (codeOf(error) !== WRONG_SIGNATURE || !(await renew())) throw error;
      return await verified(token, find, algorithms);
    }
  } catch (error) {
    throw verificationFailure(error);
  }
}

async function verified(token: string, find: FindKeys, algorithms: readonly string[]): Promise<Uint8Array> {
  const { compactVerify } = await import("jose/jws/compact/verify");
  // Where the token does not say which key it is, every one of them may be it.
  for (let tried = 0; ; tried++) {
    let isLast = true;
    try {
      const { payload } = await compactVerify(
        token,
        async (header, input) => {
          const found = await find(header, input);
          const keys = Array.isArray(found) ? (found as readonly CryptoKey[]) : [found as CryptoKey];
          isLast = tried >= keys.length - 1;
          return keys[tried]!;
        },
        { algorithms: [...algorithms] },
      );
      return payload;
    } catch (error) {
      if (isLast) throw error;
    }
  }
}

const WRONG_SIGNATURE = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
const codeOf = (error: unknown): string | undefined => (error as { readonly code?: string }).code;

function verificationFailure(failure: unknown): BadToken {
  const { message } = failure as Error;
  const code = codeOf(failure);
  const text =
    code === WRONG_SIGNATURE || code === "ERR_JWKS_NO_MATCHING_KEY"
      ? "oidc: verify token: failed to verify signature: failed to verify id token signature"
      : message.startsWith("oidc: ")
        ? message
        : `oidc: verify token: ${message}`;
  return new BadToken(text, { cause: failure });
}

function refuseWrongAlgorithm(token: string, algorithms: readonly string[]): void {
  const header = jsonOf(token.split(".", 1)[0]!);
  const algorithm = isObject(header) ? header.alg : undefined;
  if (typeof algorithm === "string" && algorithms.includes(algorithm)) return;
  const expected = `[${algorithms.map((each) => JSON.stringify(each)).join(" ")}]`;
  throw new BadToken(
    `oidc: verify token: oidc: id token signed with unsupported algorithm, expected ${expected} got ${JSON.stringify(algorithm)}`,
  );
}

function jsonOf(part: string): unknown {
  try {
    const bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (cause) {
    throw new BadToken("oidc: verify token: oidc: malformed jwt", { cause });
  }
}

function claimsOf(payload: Uint8Array): Claims {
  let claims: unknown;
  try {
    claims = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as unknown;
  } catch (cause) {
    throw new BadToken("oidc: verify token: oidc: failed to unmarshal claims", { cause });
  }
  if (!isObject(claims)) throw new BadToken("oidc: verify token: oidc: failed to unmarshal claims");
  return claims;
}

/** When a token ends, in epoch milliseconds; one that does not say has ended long ago. */
export const expiryMsOf = ({ exp }: Claims): number => (typeof exp === "number" ? exp * 1000 : 0);

/** Issuers may say any number. */
const timeText = (ms: number): string => (Math.abs(ms) <= DATE_MS_MAX ? formatTime(ms) : String(ms));

function refuseWrongTime(claims: Claims, nowMs: number): void {
  const expiresMs = expiryMsOf(claims);
  if (nowMs >= expiresMs)
    throw new BadToken(`oidc: verify token: oidc: token is expired (Token Expiry: ${timeText(expiresMs)})`);
  const { nbf } = claims;
  if (typeof nbf !== "number" || nowMs + NOT_BEFORE_LEEWAY_MS >= nbf * 1000) return;
  throw new BadToken(
    `oidc: verify token: oidc: current time ${timeText(nowMs)} before the nbf (not before) time: ${timeText(nbf * 1000)}`,
  );
}

function refuseWrongAudience({ aud }: Claims, wanted: readonly string[]): void {
  const got = [aud].flat().filter((each) => typeof each === "string");
  if (got.some((audience) => wanted.includes(audience))) return;
  const list = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
  throw new BadToken(`oidc: verify token: oidc: expected audience in ${list(wanted)} got ${list(got)}`);
}
