/** Each flow gets a hand of a few queues from the deck: two flows seldom get the same. */

/** Bits of a flow's hash that are dealt from. */
export const HASH_BITS_MAX = 60;

/** Bits that telling all hands apart takes. */
export function requiredEntropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}
