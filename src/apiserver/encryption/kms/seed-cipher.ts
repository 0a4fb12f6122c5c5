import { createHmac } from "node:crypto";
import type { Random } from "#base/random";
import { aesGcm } from "../aes-gcm.ts";
import { SealBroken, type Transformer } from "../transformer.ts";

export const SEED_BYTES = 32;
const INFO_BYTES = 32;

/** AES-GCM with a key of its own for every value, derived from a seed by HKDF: no number of values is too many. */
export function seedCipher(seed: Uint8Array, random: Random): Transformer {
  const cipherOf = (info: Uint8Array) => aesGcm(expandKey(seed, info), random);
  return {
    seal(plain, key) {
      const info = random.bytes(INFO_BYTES);
      return Buffer.concat([info, cipherOf(info).seal(plain, key)]);
    },
    open(sealed, key) {
      if (sealed.length < INFO_BYTES)
        throw new SealBroken("the stored data was shorter than the required size");
      return cipherOf(sealed.subarray(0, INFO_BYTES)).open(sealed.subarray(INFO_BYTES), key);
    },
  };
}

/** HKDF-SHA256 without its first step, as the seed is random already. One block is a whole key. */
export const expandKey = (seed: Uint8Array, info: Uint8Array): Uint8Array =>
  createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest();
