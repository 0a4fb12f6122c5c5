import { createHash } from "node:crypto";
import { HASH_BITS_MAX } from "#api/flowcontrol-v1/shuffle-sharding";

const HASH_MASK = (1n << BigInt(HASH_BITS_MAX)) - 1n;

/** Where a flow's hand is dealt from: the same on every API server. */
export function flowHash(schema: string, distinguisher: string): bigint {
  const digest = createHash("sha256").update(schema).update("\0").update(distinguisher).digest();
  return digest.readBigUInt64LE() & HASH_MASK;
}

/** `handSize` different cards of a deck, all hands equally likely: the hash is read as digits of shrinking bases. */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  const hand: number[] = [];
  let rest = hash;
  for (let left = deckSize; hand.length < handSize; left--) {
    let card = Number(rest % BigInt(left));
    rest /= BigInt(left);
    // Counts only cards that are still in the deck.
    for (const taken of hand.toSorted((a, b) => a - b)) if (card >= taken) card++;
    hand.push(card);
  }
  return hand;
}
