/**
 * Routes that keep traffic for Services on this machine. A packet for a Service must find a route before it can be
 * steered, also where there is no default route; and one that is not steered must not leave by the default route.
 */
import { type Cidr, cidrsOverlap, familyOf, formatCidr, parseCidr } from "#base/ip";

/** Marks routes as the service proxy's own, so that it finds them again after a restart. */
export const ROUTE_PROTOCOL = 116;

/** Commands for `ip -batch`. Packets that stay unsteered end on the loopback device, where the table refuses them. */
export function serviceRoutes(
  serviceCIDRs: readonly string[],
  nodeIPs: readonly string[],
): readonly string[] {
  return serviceCIDRs.flatMap((text) => {
    const cidr = parseCidr(text);
    const source = nodeIPs.find((ip) => familyOf(ip) === cidr?.family);
    if (!cidr || source === undefined) return [];
    return [`route replace ${formatCidr(cidr)} dev lo src ${source} proto ${ROUTE_PROTOCOL}`];
  });
}

/** Commands that take away the routes of earlier ranges. `known`: the destinations that there are, as `ip` shows them. */
export const strayRoutes = (known: Iterable<string>, serviceCIDRs: readonly string[]): readonly string[] =>
  [...known]
    .map((shown) => (shown.includes("/") ? shown : `${shown}/${shown.includes(":") ? 128 : 32}`))
    .filter((range) => !serviceCIDRs.includes(range))
    .map((range) => `route del ${range} dev lo proto ${ROUTE_PROTOCOL}`);

/** In canonical form, without those that lie within others: what a set of intervals can hold. */
export function outermost(texts: Iterable<string>): readonly string[] {
  const ranges = [...new Set(texts)].flatMap((text) => parseCidr(text) ?? []);
  const kept: Cidr[] = [];
  for (const range of ranges.toSorted((a, b) => a.prefix - b.prefix))
    if (!kept.some((other) => cidrsOverlap(other, range))) kept.push(range);
  return kept.map(formatCidr);
}
