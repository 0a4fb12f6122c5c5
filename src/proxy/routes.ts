/**
 * Routes that keep traffic for Services on this machine. A packet for a Service must find a route before it can be
 * steered, also where there is no default route; and one that is not steered must not leave by the default route.
 */
import { familyOf, formatCidr, parseCidr } from "#base/ip";

/** Commands for `ip -batch`. Packets that stay unsteered end on the loopback device, where the table refuses them. */
export function serviceRoutes(
  serviceCIDRs: readonly string[],
  nodeIPs: readonly string[],
): readonly string[] {
  return serviceCIDRs.flatMap((text) => {
    const cidr = parseCidr(text);
    const source = nodeIPs.find((ip) => familyOf(ip) === cidr?.family);
    if (!cidr || source === undefined) return [];
    return [`route replace ${formatCidr(cidr)} dev lo src ${source}`];
  });
}
