import { present } from "#base/assert";
import { parseCidr } from "#base/ip";
import type { ServiceRanges } from "./rest/services/ranges.ts";

/** Ranges that services get their addresses and node ports from. */
export interface ServiceRangeOptions {
  /** One range, or one of each family, in CIDR form. */
  readonly addresses?: readonly string[];
  readonly nodePorts?: ServiceRanges["nodePorts"];
}

const SERVICE_ADDRESSES = ["10.96.0.0/12"];
const NODE_PORTS = { first: 30_000, last: 32_767 };

export function rangesOf({
  addresses = SERVICE_ADDRESSES,
  nodePorts = NODE_PORTS,
}: ServiceRangeOptions = {}): ServiceRanges {
  return { addresses: addresses.map((text) => present(parseCidr(text), `a range in ${text}`)), nodePorts };
}
