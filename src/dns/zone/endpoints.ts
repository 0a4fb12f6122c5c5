/** The endpoints of a Service under the names that DNS gives them. */
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { canonicalIp } from "#base/ip";

export interface NamedEndpoint {
  /** The pod's hostname, or its address with dashes. */
  readonly host: string;
  readonly address: string;
  readonly ports: readonly NamedPort[];
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** Those that are ready, each address once. */
export function namedEndpoints(slices: Iterable<EndpointSlice>): readonly NamedEndpoint[] {
  const found = new Map<string, NamedEndpoint>();
  for (const slice of slices) {
    if (slice.addressType === "FQDN") continue;
    const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      port === undefined || port === null
        ? []
        : [{ name: name ?? "", protocol: (protocol ?? "TCP").toLowerCase(), port }],
    );
    for (const endpoint of slice.endpoints) {
      const address = canonicalIp(endpoint.addresses[0] ?? "");
      if (address === undefined || endpoint.conditions.ready === false || found.has(address)) continue;
      found.set(address, { host: hostOf(address, endpoint.hostname), address, ports });
    }
  }
  return [...found.values()];
}

export const hostOf = (address: string, hostname: string | null | undefined): string =>
  hostname ? hostname.toLowerCase() : address.replace(/[.:]/g, "-");
