/** Tokens of issuers outside the cluster, with signatures that are right and claims that are not. */
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { Random } from "#base/random";
import { pick } from "../requests/choices.ts";
import { jsonOf, mutated } from "../requests/odd-values.ts";

/** Of one process: all that is signed with it comes from here. */
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY_ID = "one";
export const AUDIENCE = "fuzz";
/** Each has documents of its own. */
export const ISSUERS = 8;

export const issuerUrl = (number: number): string => `https://issuer-${number}.example.com`;

/** As an issuer publishes them. */
export const publishedKeys = (): object => ({
  keys: [{ ...createPublicKey(privateKey).export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" }],
});

const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const FAR_SECONDS = 32_503_680_000;

/** Its signature is right; what is signed may be odd. */
export function signedToken(random: Random): string {
  const claims = {
    // The first two keep their word, and so what is in their tokens is looked at.
    iss: issuerUrl(random.below(random.next() < 0.6 ? 2 : ISSUERS)),
    aud: pick<unknown>(random, [AUDIENCE, [AUDIENCE, "x"], ["x"], {}]),
    sub: `n${random.below(1000)}n`,
    exp: pick<unknown>(random, [FAR_SECONDS, FAR_SECONDS, FAR_SECONDS, 1, 1e300, "1", null]),
    nbf: pick<unknown>(random, [undefined, 0, 1e300, -1e300, "x"]),
    groups: pick<unknown>(random, [["a"], "a", [1], { a: 1 }, Array(5000).fill("g"), undefined]),
    extra: pick<unknown>(random, ["a", ["a", 1], {}, undefined]),
    email_verified: true,
  };
  const header = pick<object>(random, [
    { alg: "RS256", kid: KEY_ID },
    { alg: "RS256", kid: KEY_ID },
    { alg: "RS256" },
    { alg: "RS256", kid: "other" },
    { alg: "RS256", kid: KEY_ID, crit: ["b64"], b64: false },
    { alg: "PS256", kid: KEY_ID },
  ]);
  const odd = random.next() < 0.5 ? mutated(claims, random, 1 + random.below(2)) : claims;
  // The issuer stays, or nobody looks at the rest.
  const payload = { ...(odd as object), iss: claims.iss };
  const input = `${base64url(JSON.stringify(header))}.${base64url(jsonOf(payload, random))}`;
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}
