import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import type { Random } from "#base/random";
import { SealBroken, type Transformer } from "./transformer.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES in GCM mode: nonce, data, tag; bound to its place in the store. */
export function aesGcm(secret: Uint8Array, random: Random): Transformer {
  const algorithm = `aes-${secret.length * 8}-gcm`;
  return {
    seal(plain, key) {
      const nonce = random.bytes(NONCE_BYTES);
      // Node's types know the mode by its name only where it is a literal.
      const cipher = createCipheriv(algorithm, secret, nonce) as CipherGCM;
      cipher.setAAD(Buffer.from(key));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, key) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES)
        throw new SealBroken("the stored data was shorter than the required size");
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, NONCE_BYTES)) as DecipherGCM;
      decipher.setAAD(Buffer.from(key));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        const first = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
        return { bytes: Buffer.concat([first, decipher.final()]), stale: false };
      } catch {
        throw new SealBroken("cipher: message authentication failed");
      }
    },
  };
}
