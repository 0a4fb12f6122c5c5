import { type ServiceCIDR, isReadyServiceCidr } from "#api/networking-v1/servicecidr";
import { type Cidr, type IpFamily, formatCidr, parseCidr } from "#base/ip";
import type { Guard } from "#store/store";
import type { Item } from "../../storage/item.ts";
import type { KindCache } from "../../watch/kind-cache.ts";
import { type Usable, usableOf } from "./ranges.ts";

/** A range that services get addresses from, at the moment. */
export interface ReadyRange {
  readonly cidr: Cidr;
  readonly text: string;
  readonly usable: Usable;
  /** Holds as long as the range is what it is now: a service gets no address of one that somebody deletes meanwhile. */
  readonly guard: Guard | undefined;
}

/** The ranges of all ServiceCIDRs that are ready; where that kind is not served, those that the server was started with. */
export class ReadyRanges {
  readonly #cidrs: KindCache | undefined;
  #ranges: readonly ReadyRange[] | undefined;

  constructor(cidrs: KindCache | undefined, standard: readonly Cidr[]) {
    this.#cidrs = cidrs;
    if (cidrs) cidrs.onChange(() => (this.#ranges = undefined));
    else this.#ranges = standard.map((cidr) => rangeOf(cidr, undefined));
  }

  /** The oldest first. */
  of(family: IpFamily): readonly ReadyRange[] {
    this.#ranges ??= readyIn(this.#cidrs?.all() ?? []);
    return this.#ranges.filter(({ cidr }) => cidr.family === family);
  }
}

const rangeOf = (cidr: Cidr, guard: Guard | undefined): ReadyRange => ({
  cidr,
  text: formatCidr(cidr),
  usable: usableOf(cidr),
  guard,
});

function readyIn(items: readonly Item[]): readonly ReadyRange[] {
  const made = ({ object }: Item) => object.metadata.creationTimestamp ?? "";
  return items
    .filter(({ object }) => isReadyServiceCidr(object as ServiceCIDR))
    .toSorted((a, b) => (made(a) < made(b) ? -1 : made(a) > made(b) ? 1 : 0))
    .flatMap(({ key, revision, object }) =>
      ((object as ServiceCIDR).spec.cidrs ?? []).flatMap((text) => {
        const cidr = parseCidr(text);
        return cidr ? [rangeOf(cidr, { key, modRevision: revision })] : [];
      }),
    );
}
