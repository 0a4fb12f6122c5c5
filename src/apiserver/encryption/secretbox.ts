import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import type { Random } from "#base/random";
import { SealBroken, type Transformer } from "./transformer.ts";

const NONCE_BYTES = 24;

/** XSalsa20 and Poly1305 as in NaCl: nonce, tag, data. */
export function secretbox(secret: Uint8Array, random: Random): Transformer {
  return {
    seal(plain) {
      const nonce = random.bytes(NONCE_BYTES);
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)]);
    },
    open(sealed) {
      if (sealed.length < NONCE_BYTES)
        throw new SealBroken("the stored data was shorter than the required size");
      const box = xsalsa20poly1305(secret, sealed.subarray(0, NONCE_BYTES));
      try {
        return { bytes: Buffer.from(box.decrypt(sealed.subarray(NONCE_BYTES))), stale: false };
      } catch {
        throw new SealBroken("output array was not large enough for encryption");
      }
    },
  };
}
