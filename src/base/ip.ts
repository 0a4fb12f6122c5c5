/** IP addresses and ranges as text and as numbers, both families. */

export type IpFamily = "ipv4" | "ipv6";

/** A range in CIDR form. `first` is its lowest address. */
export interface Cidr {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly prefix: number;
}

const BITS: Record<IpFamily, number> = { ipv4: 32, ipv6: 128 };

/** The family by shape alone: for text that is known to be an address. */
export const familyOf = (address: string): IpFamily => (address.includes(":") ? "ipv6" : "ipv4");

/** The value of an address (a range's length included is no address), or undefined when it is none. */
export function parseIp(text: string): bigint | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return BigInt(value);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!);
  const tail = halves.length === 2 ? groupsOf(halves[1]!) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** 16-bit groups; the last may be written as an IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const value = parseIpv4(part);
      if (value === undefined) return undefined;
      groups.push(Number(value >> 16n), Number(value & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Canonical text: dotted, or RFC 5952. */
export function formatIp(family: IpFamily, value: bigint): string {
  if (family === "ipv4") {
    const number = Number(value);
    return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".");
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  const { start, length } = longestZeros(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
    if (end > start) start = end;
  }
  return best;
}

/** The one way to write this address; undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  const value = parseIp(text);
  return value === undefined ? undefined : formatIp(familyOf(text), value);
}

/** A range, its host bits dropped; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  const value = parseIp(address);
  const family = familyOf(address);
  const prefix = Number(length);
  if (value === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(length) || prefix > BITS[family]) return undefined;
  const host = BigInt(BITS[family] - prefix);
  return { family, first: (value >> host) << host, prefix };
}

export const formatCidr = ({ family, first, prefix }: Cidr): string => `${formatIp(family, first)}/${prefix}`;

/** How many addresses the range has. */
export const cidrSize = ({ family, prefix }: Cidr): bigint => 1n << BigInt(BITS[family] - prefix);

export function cidrHas(cidr: Cidr, address: string): boolean {
  const value = parseIp(address);
  if (value === undefined || familyOf(address) !== cidr.family) return false;
  const host = BigInt(BITS[cidr.family] - cidr.prefix);
  return value >> host === cidr.first >> host;
}

/** Do the two ranges share an address? */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) return false;
  const host = BigInt(BITS[a.family] - Math.min(a.prefix, b.prefix));
  return a.first >> host === b.first >> host;
}

/** The `index`th address of the range, counted from 0. */
export const cidrAddress = ({ family, first }: Cidr, index: number): string =>
  formatIp(family, first + BigInt(index));

const NOT_GLOBAL = [
  "0.0.0.0/32",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "255.255.255.255/32",
  "::/127",
  "fe80::/10",
  "ff00::/8",
].map((text) => parseCidr(text)!);
const MAPPED = parseCidr("::ffff:0:0/96")!;

/** May others than this machine have it? Not so for loopback, link-local, multicast and unspecified addresses. */
export function isGlobalUnicast(address: string): boolean {
  const value = parseIp(address);
  if (value === undefined) return false;
  const plain = cidrHas(MAPPED, address) ? formatIp("ipv4", value & 0xffff_ffffn) : address;
  return !NOT_GLOBAL.some((range) => cidrHas(range, plain));
}
