/**
 * Resource versions of one kind are decimal numbers that grow, possibly beyond 2^53. Negative when `a` is
 * older than `b`; the empty text is older than all.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export const isAtLeast = (version: string, wanted: string): boolean =>
  compareResourceVersions(version, wanted) >= 0;

export const newerOf = (a: string, b: string): string => (isAtLeast(a, b) ? a : b);
