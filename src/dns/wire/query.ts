/** Reads a query, sparing what most queries do not need. */
import { HEADER_BYTES, OPT_BYTES, PLAIN_BYTES_MAX, TYPE } from "./types.ts";

export interface Query {
  readonly id: number;
  /** The second 16 bits of the header. */
  readonly flags: number;
  readonly opcode: number;
  /** Name, type and class as they stand in the packet, capital letters made small: the same for the same question. */
  readonly key: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in the packet. */
  readonly questionEnd: number;
  /** What the client takes in one packet over UDP. */
  readonly bytesMax: number;
  readonly edns: Edns | undefined;
}

export interface Edns {
  readonly version: number;
  readonly dnssecOk: boolean;
}

/** Not to be answered at all, or with the code alone. */
export type Malformed = "ignore" | "format-error";

const NAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;
const QR = 0x80;

/** Takes in one query; anything but one plain question is malformed. */
export function readQuery(packet: Buffer): Query | Malformed {
  if (packet.length < HEADER_BYTES || (packet[2]! & QR) !== 0) return "ignore";
  const nameEnd = endOfName(packet, HEADER_BYTES);
  const counts = packet.readUInt16BE(4);
  if (counts !== 1 || nameEnd === undefined || packet.length < nameEnd + 4) return "format-error";
  const edns = readEdns(packet, nameEnd + 4);
  if (edns === "format-error") return edns;
  return {
    id: packet.readUInt16BE(0),
    flags: packet.readUInt16BE(2),
    opcode: (packet[2]! >> 3) & 0xf,
    key: keyOf(packet, nameEnd),
    type: packet.readUInt16BE(nameEnd),
    class: packet.readUInt16BE(nameEnd + 2),
    questionEnd: nameEnd + 4,
    bytesMax: edns ? Math.max(edns.bytesMax, PLAIN_BYTES_MAX) : PLAIN_BYTES_MAX,
    edns,
  };
}

/** The first byte after the name; undefined when it is not a plain name. Questions have nothing to point back to. */
function endOfName(packet: Buffer, start: number): number | undefined {
  let at = start;
  while (at < packet.length && at - start < NAME_BYTES_MAX) {
    const length = packet[at]!;
    if (length === 0) return at + 1;
    if (length > LABEL_BYTES_MAX) return undefined;
    at += length + 1;
  }
  return undefined;
}

function keyOf(packet: Buffer, nameEnd: number): string {
  const text = packet.toString("latin1", HEADER_BYTES, nameEnd + 4);
  for (let at = HEADER_BYTES; at < nameEnd; at++) {
    const byte = packet[at]!;
    // Lengths are at most 63, below the letters.
    if (byte >= 65 && byte <= 90) return lowerName(text, nameEnd - HEADER_BYTES);
  }
  return text;
}

/** The last four characters are numbers, not letters. */
const lowerName = (text: string, nameLength: number): string =>
  text.slice(0, nameLength).replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) + text.slice(nameLength);

function readEdns(
  packet: Buffer,
  start: number,
): (Edns & { readonly bytesMax: number }) | undefined | "format-error" {
  if (packet.readUInt16BE(10) === 0) return undefined;
  // A query has nothing between its question and the OPT record, whose name is the root.
  const plain = packet.readUInt16BE(6) === 0 && packet.readUInt16BE(8) === 0;
  if (!plain || packet.length < start + OPT_BYTES || packet[start] !== 0) return "format-error";
  if (packet.readUInt16BE(start + 1) !== TYPE.OPT) return undefined;
  return {
    bytesMax: packet.readUInt16BE(start + 3),
    version: packet[start + 6]!,
    dnssecOk: (packet[start + 7]! & 0x80) !== 0,
  };
}

/** The labels of a question's key, first to last. */
export function labelsOf(key: string): readonly string[] {
  const labels: string[] = [];
  for (let at = 0; key.charCodeAt(at) !== 0;) {
    const length = key.charCodeAt(at);
    labels.push(key.slice(at + 1, at + 1 + length));
    at += length + 1;
  }
  return labels;
}
