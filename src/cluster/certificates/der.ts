/** The few DER shapes that a certificate is made of. Writing only: what comes from outside is read by libraries. */

const encoder = new TextEncoder();

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A value with its tag and length. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOctets(length)];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let offset = head.length;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(TAG.sequence, ...parts);

/** The members of a SET OF stand in the order of their bytes. */
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(TAG.set, ...parts.toSorted(compareBytes));

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `1.2.840.10045.2.1` */
export function objectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(value: number): number[] {
  const octets = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift(0x80 | (rest % 128));
  }
  return octets;
}

export const text = (tag: number, value: string): Uint8Array => tlv(tag, encoder.encode(value));

export const bool = (value: boolean): Uint8Array => tlv(TAG.boolean, Uint8Array.of(value ? 0xff : 0));

/** A positive integer from its big-endian bytes. */
export function positiveInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((octet) => octet !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return digits[0]! >= 0x80 ? tlv(TAG.integer, Uint8Array.of(0), digits) : tlv(TAG.integer, digits);
}

/** `unused`: bits at the end that do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Uint8Array =>
  tlv(TAG.bitString, Uint8Array.of(unused), bytes);

export const octetString = (bytes: Uint8Array): Uint8Array => tlv(TAG.octetString, bytes);

/** UTCTime up to 2049 and GeneralizedTime from then on, as RFC 5280 asks. */
export function moment(ms: number): Uint8Array {
  const iso = new Date(ms).toISOString();
  const digits = `${iso.slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return Number(iso.slice(0, 4)) < 2050
    ? text(TAG.utcTime, digits.slice(2))
    : text(TAG.generalizedTime, digits);
}
