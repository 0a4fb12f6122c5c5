import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "#base/random";
import { type Opened, SealBroken, type Transformer } from "./transformer.ts";

const BLOCK_BYTES = 16;

/** AES in CBC mode: initialization vector, then padded blocks. Nothing tells whether they were changed. */
export function aesCbc(secret: Uint8Array, random: Random): Transformer {
  const algorithm = `aes-${secret.length * 8}-cbc`;
  return {
    seal(plain) {
      const vector = random.bytes(BLOCK_BYTES);
      const cipher = createCipheriv(algorithm, secret, vector);
      return Buffer.concat([vector, cipher.update(plain), cipher.final()]);
    },
    open(sealed): Opened {
      if (sealed.length < BLOCK_BYTES)
        throw new SealBroken("the stored data was shorter than the required size");
      const blocks = sealed.subarray(BLOCK_BYTES);
      if (blocks.length === 0 || blocks.length % BLOCK_BYTES !== 0)
        throw new SealBroken("the stored data is not a multiple of the block size");
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, BLOCK_BYTES));
      try {
        return { bytes: Buffer.concat([decipher.update(blocks), decipher.final()]), stale: false };
      } catch {
        throw new SealBroken("invalid padding on input");
      }
    },
  };
}
