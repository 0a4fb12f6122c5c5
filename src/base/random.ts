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

/** Asking the system costs more than the bytes do: it is asked for many at once. */
const pool = new Uint8Array(4096);
let poolUsed = pool.length;

function systemBytes(length: number): Uint8Array {
  if (length > pool.length / 4) return crypto.getRandomValues(new Uint8Array(length));
  if (poolUsed + length > pool.length) {
    crypto.getRandomValues(pool);
    poolUsed = 0;
  }
  const bytes = pool.slice(poolUsed, poolUsed + length);
  pool.fill(0, poolUsed, poolUsed + length);
  poolUsed += length;
  return bytes;
}

/** Chance of the machine, good enough for keys and tokens. */
export const systemRandom: Random = random(() => {
  const [a, b, c, d] = systemBytes(4) as unknown as [number, number, number, number];
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
}, systemBytes);

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

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A version 4 UUID, as in `metadata.uid`. */
export function uuid(source: Random): string {
  const bytes = source.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  let text = "";
  for (let at = 0; at < 16; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += "-";
    text += HEX[bytes[at]!]!;
  }
  return text;
}

/** Letters and digits that cannot spell words or be mistaken for each other, as in generated names. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** `length` random characters that are safe in an object name. */
export const nameSuffix = (source: Random, length: number): string =>
  Array.from({ length }, () => SUFFIX_ALPHABET[source.below(SUFFIX_ALPHABET.length)]).join("");
