/** How long a range of service addresses stays. */
import { type Cidr, cidrHas, parseCidr } from "#base/ip";

/** What is left of a range that is to go waits so long: by then every API server knows that it gives nothing of it. */
export const DELETION_GRACE_MS = 10_000;

export const rangesIn = (cidrs: readonly string[] = []): readonly Cidr[] =>
  cidrs.flatMap((text) => parseCidr(text) ?? []);

/** Is the inner range a part of the outer one, or the same? */
export const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family &&
  outer.prefix <= inner.prefix &&
  inner.first >> hostBits(outer) === outer.first >> hostBits(outer);

const hostBits = ({ family, prefix }: Cidr): bigint => BigInt((family === "ipv4" ? 32 : 128) - prefix);

/** An address of the ranges that would be of none that stays; undefined when they may go. */
export function orphanOf(
  going: readonly Cidr[],
  staying: readonly Cidr[],
  addresses: Iterable<string>,
): string | undefined {
  if (going.every((range) => staying.some((other) => contains(other, range)))) return undefined;
  for (const address of addresses) {
    const isOf = (range: Cidr) => cidrHas(range, address);
    if (going.some(isOf) && !staying.some(isOf)) return address;
  }
  return undefined;
}
