import { assert } from "#base/assert";
import { type Cidr, cidrsOverlap, cidrSize, formatCidr, parseCidr } from "#base/ip";

/** One cluster range that nodes get parts of. */
export interface ClusterRange {
  /** `10.244.0.0/16` */
  readonly cidr: string;
  /** Prefix length of a node's part: 24. */
  readonly nodePrefix: number;
}

/** Gives out parts of one range, each once. */
export class RangeAllocator {
  readonly #range: Cidr;
  readonly #nodePrefix: number;
  readonly #taken = new Set<number>();
  /** The part after the last one given: parts are reused as late as possible. */
  #next = 0;

  constructor({ cidr, nodePrefix }: ClusterRange) {
    const range = parseCidr(cidr);
    assert(range !== undefined, `${cidr} is not a range of addresses`);
    assert(nodePrefix >= range.prefix, `a node's part /${nodePrefix} is larger than ${cidr}`);
    this.#range = range;
    this.#nodePrefix = nodePrefix;
  }

  get #size(): number {
    return 2 ** Math.min(this.#nodePrefix - this.#range.prefix, 24);
  }

  /** Undefined when all parts are taken. */
  take(): string | undefined {
    for (let tries = 0; tries < this.#size; tries++) {
      const index = (this.#next + tries) % this.#size;
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      this.#next = index + 1;
      return formatCidr(this.#part(index));
    }
    return undefined;
  }

  /** Marks what a node has already; false when it is not of this range. */
  occupy(cidr: string): boolean {
    const index = this.#indexOf(cidr);
    if (index === undefined) return false;
    this.#taken.add(index);
    return true;
  }

  release(cidr: string): void {
    const index = this.#indexOf(cidr);
    if (index !== undefined) this.#taken.delete(index);
  }

  #part(index: number): Cidr {
    const { family, first } = this.#range;
    const part: Cidr = { family, first, prefix: this.#nodePrefix };
    return { ...part, first: first + BigInt(index) * cidrSize(part) };
  }

  #indexOf(text: string): number | undefined {
    const cidr = parseCidr(text);
    if (!cidr || cidr.family !== this.#range.family || !cidrsOverlap(this.#range, cidr)) return undefined;
    if (cidr.prefix < this.#range.prefix) return undefined;
    const part: Cidr = { ...this.#range, prefix: this.#nodePrefix };
    return Number((cidr.first - this.#range.first) / cidrSize(part));
  }
}
