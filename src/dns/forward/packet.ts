/** The little that has to be known of other servers' packets to keep and pass them on. */
import { HEADER_BYTES, RCODE, TYPE } from "../wire/types.ts";

export interface Parsed {
  readonly rcode: number;
  readonly truncated: boolean;
  /** Where the question ends. */
  readonly questionEnd: number;
  /** Where the TTL of each record stands, those of OPT records left out. */
  readonly ttlOffsets: readonly number[];
  /** How long the packet may be kept: the shortest TTL; for a denial what its SOA says; undefined: not at all. */
  readonly ttlSeconds: number | undefined;
  /** Bounds of the OPT record, which belongs to the two that talk and not to the answer. */
  readonly opt: { readonly start: number; readonly end: number } | undefined;
}

/** Undefined when the packet is broken. */
export function parseResponse(packet: Buffer): Parsed | undefined {
  try {
    return parse(packet);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function parse(packet: Buffer): Parsed {
  const flags = packet.readUInt16BE(2);
  const rcode = flags & 0xf;
  let at = HEADER_BYTES;
  for (let count = packet.readUInt16BE(4); count > 0; count--) at = skipName(packet, at) + 4;
  const questionEnd = at;
  const answers = packet.readUInt16BE(6);
  const records = answers + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  const ttlOffsets: number[] = [];
  let shortest = Infinity;
  let denial: number | undefined;
  let opt: Parsed["opt"];
  for (let index = 0; index < records; index++) {
    const start = at;
    at = skipName(packet, at);
    const type = packet.readUInt16BE(at);
    const ttl = packet.readUInt32BE(at + 4);
    const end = at + 10 + packet.readUInt16BE(at + 8);
    if (end > packet.length) throw new RangeError("a record goes beyond its packet");
    if (type === TYPE.OPT) opt = { start, end };
    else {
      ttlOffsets.push(at + 4);
      if (index < answers) shortest = Math.min(shortest, ttl);
      if (type === TYPE.SOA) denial = Math.min(ttl, packet.readUInt32BE(end - 4));
    }
    at = end;
  }
  const known = answers > 0 && rcode === RCODE.NOERROR ? shortest : denial;
  const keepable = rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
  return {
    rcode,
    truncated: (flags & 0x0200) !== 0,
    questionEnd,
    ttlOffsets,
    ttlSeconds: keepable ? known : undefined,
    opt,
  };
}

function skipName(packet: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = packet.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) throw new RangeError("a label is too long");
    at += length + 1;
  }
}
