import { canonicalIp, familyOf, formatCidr, parseCidr } from "#base/ip";

/** An IPv6 address should be written in its one canonical form. */
export function* addressWarnings(address: string, path: string): Iterable<string> {
  if (familyOf(address) !== "ipv6") return;
  const canonical = canonicalIp(address);
  if (canonical !== undefined && canonical !== address)
    yield `${path}: IPv6 address "${address}" should be in RFC 5952 canonical format ("${canonical}")`;
}

/** A range is said by its first address, in canonical form. */
export function* rangeWarnings(range: string, path: string): Iterable<string> {
  const cidr = parseCidr(range);
  if (!cidr) return;
  const [address, prefix] = range.split("/") as [string, string];
  const canonical = formatCidr(cidr);
  const single = `${canonicalIp(address)}/${cidr.family === "ipv4" ? 32 : 128}`;
  if (canonicalIp(address) !== canonical.slice(0, canonical.indexOf("/")))
    yield `${path}: CIDR value "${range}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`;
  else if (canonical !== `${address}/${prefix}`)
    yield `${path}: IPv6 CIDR value "${range}" should be in RFC 5952 canonical format ("${canonical}")`;
}
