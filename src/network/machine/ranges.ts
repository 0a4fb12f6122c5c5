/** Address ranges for a cluster on this machine that nothing else on it uses. */
import { type Cidr, cidrsOverlap, formatCidr, parseCidr } from "#base/ip";

export interface ClusterRanges {
  /** Of the cable between the nodes and the machine. */
  readonly nodes: string;
  readonly pods: string;
  readonly services: string;
}

/** What clusters commonly have comes first; then ranges of the same kind that are likely to be free. */
const PODS = ["10.244.0.0/16", ...Array.from({ length: 40 }, (_, index) => `10.${200 + index}.0.0/16`)];
const SERVICES = ["10.96.0.0/16", ...Array.from({ length: 30 }, (_, index) => `10.${97 + index}.0.0/16`)];
const NODES = Array.from({ length: 1024 }, (_, index) => `172.${28 + (index >> 8)}.${index & 255}.0/24`);

/** A route this long is somebody's network; a shorter one, as of a VPN, gives way to ours, which is longer. */
const SPECIFIC_PREFIX = 16;

/**
 * The first free range of each kind. `used` is what the machine has routes or addresses for; `seed` decides where
 * the search for the nodes' range begins, so that a cluster tends to get the same one again.
 */
export function chooseRanges(used: readonly string[], seed: number): ClusterRanges {
  const taken = used.flatMap((text) => parseCidr(text) ?? []).filter(({ prefix }) => prefix > 0);
  const start = seed % NODES.length;
  return {
    nodes: firstFree([...NODES.slice(start), ...NODES.slice(0, start)], taken),
    pods: firstFree(PODS, taken),
    services: firstFree(SERVICES, taken),
  };
}

function firstFree(candidates: readonly string[], taken: readonly Cidr[]): string {
  const free = (among: readonly Cidr[]) => (text: string) =>
    !among.some((cidr) => cidrsOverlap(cidr, parseCidr(text)!));
  const specific = taken.filter(({ prefix }) => prefix >= SPECIFIC_PREFIX);
  const found = candidates.find(free(taken)) ?? candidates.find(free(specific));
  if (found === undefined)
    throw new Error(`no free range like ${candidates[0]}: routes of this machine cover all that were tried`);
  return formatCidr(parseCidr(found)!);
}
