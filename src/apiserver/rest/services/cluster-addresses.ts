import { type IPAddress, isServiceAddress } from "#api/networking-v1/ipaddress";
import { type IpFamily, canonicalIp, cidrHas, familyOf } from "#base/ip";
import type { Random } from "#base/random";
import type { Guard } from "#store/store";
import { type Companions, alone } from "../../storage/kind-storage.ts";
import type { KindCache } from "../../watch/kind-cache.ts";
import { Claims } from "./claims.ts";
import { freeAddress, isUsable } from "./ranges.ts";
import type { ReadyRange, ReadyRanges } from "./ready-ranges.ts";

/** An address that nobody has, as far as can be seen, and what must still hold when somebody takes it. */
export interface Offer {
  readonly address: string;
  readonly guard: Guard | undefined;
}

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

export interface ClusterAddressesOptions {
  readonly ranges: ReadyRanges;
  /** Addresses that are somebody's, also where no service has them. */
  readonly addresses: KindCache | undefined;
  /** `/registry/ipaddresses/` */
  readonly prefix: string;
  readonly random: Random;
}

/** Which cluster addresses are free. What is answered here is settled only when it is stored. */
export class ClusterAddresses {
  readonly #options: ClusterAddressesOptions;
  readonly #claims = new Claims<string>();
  /** How often an address was given back: until that happens again, a range that was full is full. */
  #returns = 0;
  readonly #fullSince = new Map<string, number>();

  constructor(options: ClusterAddressesOptions) {
    this.#options = options;
    options.addresses?.onChange((_before, after) => {
      if (!after) this.#returns++;
    });
  }

  claim(address: string, service: string): void {
    this.#claims.add(address, service);
  }

  release(address: string, service: string): void {
    this.#claims.remove(address, service);
    this.#returns++;
  }

  /** The address as it is asked for, or why nobody can have it. */
  given(text: string): Offer | string {
    const address = canonicalIp(text) ?? text;
    const around = this.#options.ranges.of(familyOf(address)).filter(({ cidr }) => cidrHas(cidr, address));
    const [first] = around;
    if (!first) return "the provided network does not match the current range";
    const range = around.find(({ usable }) => isUsable(usable, address));
    if (!range) {
      return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${first.text}`;
    }
    return this.#isTaken(address) ? "provided IP is already allocated" : { address, guard: range.guard };
  }

  /** Any that is free, of the oldest range that has one; undefined when all are full. */
  next(family: IpFamily): Offer | undefined {
    for (const range of this.#options.ranges.of(family)) {
      const address = this.#nextOf(range);
      if (address !== undefined) return { address, guard: range.guard };
    }
    return undefined;
  }

  /** Gives the address back, where it is put down as this service's and as long as nobody else has taken it. */
  returned(address: string, { namespace, name }: Named): Companions {
    const { addresses, prefix } = this.#options;
    const key = prefix + address;
    const changes = [{ type: "delete", key }] as const;
    if (!addresses) return { guards: [], changes };
    const item = addresses.getByKey(key);
    const held = item?.object as IPAddress | undefined;
    const { parentRef } = held?.spec ?? {};
    if (!item || !held || !isServiceAddress(held)) return alone;
    if (parentRef?.namespace !== namespace || parentRef?.name !== name) return alone;
    return { guards: [{ key, modRevision: item.revision }], changes };
  }

  #nextOf({ text, usable }: ReadyRange): string | undefined {
    if (this.#fullSince.get(text) === this.#returns) return undefined;
    const found = freeAddress(usable, (address) => this.#isTaken(address), this.#options.random);
    if (found === undefined) this.#fullSince.set(text, this.#returns);
    else this.#fullSince.delete(text);
    return found;
  }

  #isTaken(address: string): boolean {
    const { addresses, prefix } = this.#options;
    return this.#claims.has(address) || addresses?.getByKey(prefix + address) !== undefined;
  }
}
