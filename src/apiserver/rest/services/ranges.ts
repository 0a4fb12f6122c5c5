import { type Cidr, type IpFamily, cidrAddress, cidrSize, formatIp } from "#base/ip";
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

/** Addresses at the low end are kept for those who ask for one by name, as long as there are others. */
function reservedLow(size: number): number {
  const share = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  return size <= 16 ? 0 : share;
}

/** A free address of the range, or undefined when there is none. */
export function freeAddress(
  range: Cidr,
  taken: (address: string) => boolean,
  random: Random,
): string | undefined {
  // The network's own address is nobody's; neither is the broadcast address of an IPv4 range.
  const size = Number(cidrSize(range) > 65_536n ? 65_536n : cidrSize(range));
  const usable = range.family === "ipv4" ? size - 2 : size - 1;
  return pick(usable, reservedLow(size), random, (index) => {
    const address = cidrAddress(range, index + 1);
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
  const tries = size > low ? RANDOM_TRIES : 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = at(low + random.below(size - low));
    if (found !== undefined) return found;
  }
  for (let index = 0; index < size; index++) {
    const found = at((index + low) % size);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const rangeOf = (ranges: readonly Cidr[], family: IpFamily): Cidr | undefined =>
  ranges.find((range) => range.family === family);

/** The first address of the range, which the API server's own service has. */
export const firstAddress = ({ family, first }: Cidr): string => formatIp(family, first + 1n);
