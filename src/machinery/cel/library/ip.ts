/** Addresses and ranges. */
import { familyOf, type IpFamily, parseIp } from "#base/ip";
import { Library } from "../function-table.ts";
import { containsAddress, fixed, readsText } from "../pricing.ts";
import { CelError, Opaque, type Result } from "../values.ts";

class Ip extends Opaque {
  readonly typeName = "net.IP";
  readonly family: IpFamily;
  readonly value: bigint;
  constructor(family: IpFamily, value: bigint) {
    super();
    this.family = family;
    this.value = value;
  }
  override get pricedSize(): number {
    return bitsOf(this.family) / 8;
  }
  equals(other: Opaque): boolean {
    return other instanceof Ip && other.family === this.family && other.value === this.value;
  }
}

class CidrValue extends Opaque {
  readonly typeName = "net.CIDR";
  readonly address: Ip;
  readonly prefix: number;
  constructor(address: Ip, prefix: number) {
    super();
    this.address = address;
    this.prefix = prefix;
  }
  override get pricedSize(): number {
    return Math.ceil(this.prefix / 8);
  }
  equals(other: Opaque): boolean {
    return other instanceof CidrValue && other.prefix === this.prefix && other.address.equals(this.address);
  }
}

const bitsOf = (family: IpFamily): number => (family === "ipv4" ? 32 : 128);

function readIp(text: string): Ip | CelError {
  if (text.includes("%"))
    return new CelError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const value = parseIp(text);
  if (value === undefined) {
    const quoted = JSON.stringify(text);
    return new CelError(
      `IP Address ${quoted} parse error during conversion from string: ParseAddr(${quoted}): unable to parse IP`,
    );
  }
  const family = familyOf(text);
  if (family === "ipv6" && value >> 32n === 0xffffn)
    return new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new Ip(family, value);
}

function readCidr(text: string): CidrValue | CelError {
  const slash = text.lastIndexOf("/");
  const prefixText = text.slice(slash + 1);
  const wrong = (what: string): CelError =>
    new CelError(
      `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): ${what}`,
    );
  if (slash < 0) return wrong("no '/'");
  const address = readIp(text.slice(0, slash));
  if (address instanceof CelError)
    return address.message.includes("IPv4-mapped")
      ? new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
      : wrong("unable to parse IP");
  const prefix = Number(prefixText);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText) || prefix > bitsOf(address.family))
    return wrong(`bad bits after slash: ${JSON.stringify(prefixText)}`);
  return new CidrValue(address, prefix);
}

const printIpv4 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");

/** The longest run of zero groups is left out, the first of equals, if it is longer than one. */
function printIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(16 * (7 - index))) & 0xffffn),
  );
  let [start, length] = [-1, 1];
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && groups[to] === 0) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

const printIp = ({ family, value }: Ip): string => (family === "ipv4" ? printIpv4(value) : printIpv6(value));

const within = (ip: Ip, first: string, prefix: number): boolean =>
  ip.family === familyOf(first) && masked(ip, prefix) === parseIp(first);

function masked({ family, value }: Ip, prefix: number): bigint {
  const rest = BigInt(bitsOf(family) - prefix);
  return (value >> rest) << rest;
}

const isUnspecified = ({ value }: Ip): boolean => value === 0n;
const isLoopback = (ip: Ip): boolean => within(ip, "127.0.0.0", 8) || within(ip, "::1", 128);
const isLinkLocalMulticast = (ip: Ip): boolean => within(ip, "224.0.0.0", 24) || isIpv6LinkLocalMulticast(ip);
const isIpv6LinkLocalMulticast = ({ family, value }: Ip): boolean =>
  family === "ipv6" && value >> 120n === 0xffn && ((value >> 112n) & 0xfn) === 2n;
const isLinkLocalUnicast = (ip: Ip): boolean => within(ip, "169.254.0.0", 16) || within(ip, "fe80::", 10);
const isMulticast = (ip: Ip): boolean => within(ip, "224.0.0.0", 4) || within(ip, "ff00::", 8);
const isGlobalUnicast = (ip: Ip): boolean =>
  !isUnspecified(ip) &&
  !within(ip, "255.255.255.255", 32) &&
  !isLoopback(ip) &&
  !isMulticast(ip) &&
  !isLinkLocalUnicast(ip);

function containsIp(cidr: CidrValue, ip: Ip): boolean {
  return ip.family === cidr.address.family && masked(ip, cidr.prefix) === masked(cidr.address, cidr.prefix);
}

const containsCidr = (cidr: CidrValue, other: CidrValue): boolean =>
  other.prefix >= cidr.prefix && containsIp(cidr, other.address);

const NOMINAL = fixed(1);

export const ip = new Library()
  .add("ip(string) -> net.IP", readIp, readsText())
  .add("isIP(string) -> bool", (text: string) => readIp(text) instanceof Ip, readsText())
  .add(
    "ip.isCanonical!(string) -> bool",
    (text: string): Result => {
      const address = readIp(text);
      return address instanceof Ip ? printIp(address) === text : address;
    },
    readsText(0, 2),
  )
  .add("string(net.IP) -> string", printIp)
  .add("net.IP.family() -> int", ({ family }: Ip) => (family === "ipv4" ? 4n : 6n), NOMINAL)
  .add("net.IP.isUnspecified() -> bool", isUnspecified, NOMINAL)
  .add("net.IP.isLoopback() -> bool", isLoopback, NOMINAL)
  .add("net.IP.isLinkLocalMulticast() -> bool", isLinkLocalMulticast, NOMINAL)
  .add("net.IP.isLinkLocalUnicast() -> bool", isLinkLocalUnicast, NOMINAL)
  .add("net.IP.isGlobalUnicast() -> bool", isGlobalUnicast, NOMINAL)
  .add("cidr(string) -> net.CIDR", readCidr, readsText())
  .add("isCIDR(string) -> bool", (text: string) => readCidr(text) instanceof CidrValue, readsText())
  .add("string(net.CIDR) -> string", ({ address, prefix }: CidrValue) => `${printIp(address)}/${prefix}`)
  .add("net.CIDR.ip() -> net.IP", ({ address }: CidrValue) => address, NOMINAL)
  .add("net.CIDR.prefixLength() -> int", ({ prefix }: CidrValue) => BigInt(prefix), NOMINAL)
  .add(
    "net.CIDR.masked() -> net.CIDR",
    ({ address, prefix }: CidrValue) =>
      new CidrValue(new Ip(address.family, masked(address, prefix)), prefix),
    NOMINAL,
  )
  .add("net.CIDR.containsIP(net.IP) -> bool", containsIp, containsAddress(false, false))
  .add(
    "net.CIDR.containsIP(string) -> bool",
    (cidr: CidrValue, text: string): Result => {
      const address = readIp(text);
      return address instanceof Ip ? containsIp(cidr, address) : address;
    },
    containsAddress(true, false),
  )
  .add("net.CIDR.containsCIDR(net.CIDR) -> bool", containsCidr, containsAddress(false, true))
  .add(
    "net.CIDR.containsCIDR(string) -> bool",
    (cidr: CidrValue, text: string): Result => {
      const other = readCidr(text);
      return other instanceof CidrValue ? containsCidr(cidr, other) : other;
    },
    containsAddress(true, true),
  );
