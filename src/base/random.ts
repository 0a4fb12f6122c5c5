/** Chance comes in through a Random, so a whole cluster replays from a seed. */
export interface Random {
  /** 0 (included) to 1 (excluded). */
  next(): number;
  /** An integer from 0 (included) to `bound` (excluded). */
  below(bound: number): number;
  bytes(length: number): Uint8Array;
}

const random = (next: () => number, bytes: (length: number) => Uint8Array): Random => ({
  next,
  below: (bound) => Math.floor(next() * bound),
  bytes,
});

/** Chance of the machine, good enough for keys and tokens. */
export const systemRandom: Random = random(
  () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
  (length) => crypto.getRandomValues(new Uint8Array(length)),
);

/** The same numbers for the same seed (mulberry32). Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return random(next, (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)));
}

/** A version 4 UUID, as in `metadata.uid`. */
export function uuid(source: Random): string {
  const bytes = source.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Letters and digits that cannot spell words or be mistaken for each other, as in generated names. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** `length` random characters that are safe in an object name. */
export const nameSuffix = (source: Random, length: number): string =>
  Array.from({ length }, () => SUFFIX_ALPHABET[source.below(SUFFIX_ALPHABET.length)]).join("");
