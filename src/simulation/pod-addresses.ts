import { present } from "#base/assert";
import { type Cidr, cidrAddress, cidrSize, parseCidr } from "#base/ip";

/** The range kept for benchmarks, for pods of nodes that were given no range. */
const SPARE_RANGE = "198.18.0.0/16";
/** The lowest addresses of a range are its network's own. */
const RESERVED = 2;

interface Range {
  readonly cidr: Cidr;
  /** Addresses that pods may have; the range starts over when all were used once. */
  readonly size: number;
  next: number;
}

/** Gives pods addresses of their node's range; the one that was not in use for longest comes first. */
export class PodAddresses {
  readonly #ranges = new Map<string, Range>();
  readonly #taken = new Set<string>();

  take(podCidr: string = SPARE_RANGE): string {
    const range = this.#rangeOf(podCidr);
    for (let tries = 0; tries < range.size; tries++) {
      const address = cidrAddress(range.cidr, RESERVED + (range.next++ % range.size));
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new RangeError(`all addresses of ${podCidr} are taken`);
  }

  release(address: string): void {
    this.#taken.delete(address);
  }

  #rangeOf(text: string): Range {
    const known = this.#ranges.get(text);
    if (known) return known;
    const cidr = present(parseCidr(text), `a range in ${text}`);
    const range: Range = { cidr, size: Number(cidrSize(cidr)) - RESERVED - 1, next: 0 };
    this.#ranges.set(text, range);
    return range;
  }
}
