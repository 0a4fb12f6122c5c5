/** Records, and sections of them ready to be sent. */
import { familyOf, parseIp } from "#base/ip";
import { CLASS, HEADER_BYTES, TYPE } from "./types.ts";

export interface ResourceRecord {
  /** Absent: the name that was asked for. */
  readonly name?: string;
  readonly type: number;
  readonly ttlSeconds: number;
  /** As on the wire, without compressed names. */
  readonly data: Buffer;
}

/** A name without capital letters and final dot, on the wire. Labels that are too long make it invalid. */
export function encodeName(name: string): Buffer {
  const labels = name === "" ? [] : name.split(".");
  const bytes = Buffer.allocUnsafe(labels.reduce((sum, label) => sum + label.length + 1, 1));
  let at = 0;
  for (const label of labels) {
    if (label.length === 0 || label.length > 63) throw new RangeError(`${name} is not a domain name`);
    bytes[at] = label.length;
    bytes.write(label, at + 1, "latin1");
    at += label.length + 1;
  }
  bytes[at] = 0;
  if (bytes.length > 255) throw new RangeError(`${name} is too long for a domain name`);
  return bytes;
}

const addresses = { ipv4: { type: TYPE.A, bytes: 4 }, ipv6: { type: TYPE.AAAA, bytes: 16 } } as const;

/** An A or AAAA record, by the address. */
export function addressRecord(address: string, ttlSeconds: number, name?: string): ResourceRecord {
  const { type, bytes } = addresses[familyOf(address)];
  const value = parseIp(address);
  if (value === undefined) throw new RangeError(`${address} is not an address`);
  const data = Buffer.from(value.toString(16).padStart(bytes * 2, "0"), "hex");
  return { name, type, ttlSeconds, data };
}

export const nameRecord = (
  type: number,
  target: string,
  ttlSeconds: number,
  name?: string,
): ResourceRecord => ({
  name,
  type,
  ttlSeconds,
  data: encodeName(target),
});

export function serviceRecord(
  port: number,
  target: string,
  weight: number,
  ttlSeconds: number,
): ResourceRecord {
  const fixed = Buffer.allocUnsafe(6);
  fixed.writeUInt16BE(0, 0);
  fixed.writeUInt16BE(weight, 2);
  fixed.writeUInt16BE(port, 4);
  return { type: TYPE.SRV, ttlSeconds, data: Buffer.concat([fixed, encodeName(target)]) };
}

export function textRecord(text: string, ttlSeconds: number): ResourceRecord {
  const bytes = Buffer.from(text);
  return { type: TYPE.TXT, ttlSeconds, data: Buffer.concat([Buffer.from([bytes.length]), bytes]) };
}

export interface Soa {
  readonly zone: string;
  readonly serial: number;
  readonly ttlSeconds: number;
  readonly negativeTtlSeconds: number;
}

export function soaRecord({ zone, serial, ttlSeconds, negativeTtlSeconds }: Soa): ResourceRecord {
  const numbers = Buffer.allocUnsafe(20);
  for (const [index, value] of [serial >>> 0, 7_200, 1_800, 86_400, negativeTtlSeconds].entries()) {
    numbers.writeUInt32BE(value, index * 4);
  }
  const data = Buffer.concat([encodeName(`ns.dns.${zone}`), encodeName(`hostmaster.${zone}`), numbers]);
  return { name: zone, type: TYPE.SOA, ttlSeconds, data };
}

const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES;

/** One record on the wire; the question's own name is a pointer to it. */
export function encodeRecord({ name, type, ttlSeconds, data }: ResourceRecord): Buffer {
  const owner = name === undefined ? undefined : encodeName(name);
  const nameBytes = owner?.length ?? 2;
  const bytes = Buffer.allocUnsafe(nameBytes + 10 + data.length);
  if (owner) owner.copy(bytes);
  else bytes.writeUInt16BE(POINTER_TO_QUESTION, 0);
  bytes.writeUInt16BE(type, nameBytes);
  bytes.writeUInt16BE(CLASS.IN, nameBytes + 2);
  bytes.writeUInt32BE(ttlSeconds, nameBytes + 4);
  bytes.writeUInt16BE(data.length, nameBytes + 8);
  data.copy(bytes, nameBytes + 10);
  return bytes;
}
