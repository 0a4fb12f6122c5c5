/** How servers that share a store are told apart. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";

const NAME_BYTES = 16;
const BASE_32 = "abcdefghijklmnopqrstuvwxyz234567";

/** `apiserver-` and the first half of the host name's SHA-256, in base 32. */
export function identityOf(hostname: string): string {
  const hash = createHash("sha256").update(hostname).digest().subarray(0, NAME_BYTES);
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = bits.match(/.{1,5}/g) ?? [];
  return `apiserver-${digits.map((five) => BASE_32[Number.parseInt(five.padEnd(5, "0"), 2)]).join("")}`;
}

/** What metrics call the server of this machine. */
export const ownIdentityHash = (): string =>
  `sha256:${createHash("sha256").update(identityOf(hostname())).digest("hex")}`;
