import { type Cidr, type IpFamily, cidrSize, formatIp, parseIp } from "#base/ip";
import type { Random } from "#base/random";

/** What services may be given. */
export interface ServiceRanges {
  /** One range, or one of each family; the first is what a service gets that does not ask. */
  readonly addresses: readonly Cidr[];
  /** Lowest and highest node port. */
  readonly nodePorts: { readonly first: number; readonly last: number };
}

/** Random tries before every place is looked at in order. */
const RANDOM_TRIES = 32;

/** Larger ranges of IPv6 are of no use: services get no addresses from them. */
const IPV6_PREFIX_MIN = 64;

/** The addresses of a range that services may have: neither the network's own nor, in IPv4, the broadcast address. */
export interface Usable {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly count: number;
  /** So many at the low end are for those who ask for one by name, as long as there are others. */
  readonly low: number;
}

export function usableOf(range: Cidr): Usable {
  const { family, prefix, first } = range;
  const size = cidrSize(range);
  const all = size - (family === "ipv4" ? 2n : 1n);
  const tooLarge = family === "ipv6" && prefix < IPV6_PREFIX_MIN;
  const count = tooLarge || all < 0n ? 0 : Number(all);
  return { family, first: first + 1n, count: Math.min(count, Number.MAX_SAFE_INTEGER), low: lowOf(size) };
}

function lowOf(size: bigint): number {
  if (size <= 16n) return 0;
  return size >= 4096n ? 256 : Math.max(16, Number(size / 16n));
}

/** May a service have this address of the range, which it is within? */
export function isUsable({ first, count }: Usable, address: string): boolean {
  const value = parseIp(address);
  return value !== undefined && value >= first && value < first + BigInt(count);
}

/** A free address, of the upper part first, or undefined when there is none. */
export function freeAddress(
  { family, first, count, low }: Usable,
  taken: (address: string) => boolean,
  random: Random,
): string | undefined {
  return pick(count, low, random, (index) => {
    const address = formatIp(family, first + BigInt(index));
    return taken(address) ? undefined : address;
  });
}

/** A free node port, or undefined when there is none. */
export function freeNodePort(
  { first, last }: ServiceRanges["nodePorts"],
  taken: (port: number) => boolean,
  random: Random,
): number | undefined {
  const size = last - first + 1;
  const low = size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
  return pick(size, low, random, (index) => (taken(first + index) ? undefined : first + index));
}

function pick<T>(
  size: number,
  low: number,
  random: Random,
  at: (index: number) => T | undefined,
): T | undefined {
  if (size <= 0) return undefined;
  const high = size - low;
  const tries = high > 0 ? RANDOM_TRIES : 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = at(low + random.below(high));
    if (found !== undefined) return found;
  }
  // One after another from somewhere: no more are looked at than are taken, and one.
  return inOrder(low, high, random, at) ?? inOrder(0, Math.min(low, size), random, at);
}

function inOrder<T>(
  from: number,
  size: number,
  random: Random,
  at: (index: number) => T | undefined,
): T | undefined {
  if (size <= 0) return undefined;
  const start = random.below(size);
  for (let step = 0; step < size; step++) {
    const found = at(from + ((start + step) % size));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first address of the range, which the API server's own service has. */
export const firstAddress = ({ family, first }: Cidr): string => formatIp(family, first + 1n);
