/** Choices by a random generator: the same seed gives the same ones. */
import type { Random } from "#base/random";

export const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

export const chance = (random: Random, share: number): boolean => random.next() < share;

export const noise = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));
