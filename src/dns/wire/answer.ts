/** An answer that is encoded once and sent many times. */
import type { Query } from "./query.ts";
import { encodeRecord, type ResourceRecord } from "./records.ts";
import { EDNS_BYTES_MAX, FLAG, HEADER_BYTES, OPT_BYTES, RCODE, TYPE } from "./types.ts";

export interface Sections {
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authority?: readonly ResourceRecord[];
  readonly additional?: readonly ResourceRecord[];
}

/** The records of an answer on the wire, ready to stand behind any packet's question. */
export interface Answer {
  readonly rcode: number;
  readonly authoritative: boolean;
  /** Where each record of the answer section ends; the sections follow one another. */
  readonly answerEnds: readonly number[];
  readonly answers: Buffer;
  readonly authorityCount: number;
  readonly additionalCount: number;
  readonly rest: Buffer;
  /** All answers are alike and of one length: their order may be turned, to spread the load. */
  readonly turnable: boolean;
}

export function encodeAnswer(
  { rcode, answers, authority = [], additional = [] }: Sections,
  authoritative = true,
): Answer {
  const encoded = answers.map(encodeRecord);
  let end = 0;
  const answerEnds = encoded.map((bytes) => (end += bytes.length));
  const [first] = answers;
  return {
    rcode,
    authoritative,
    answerEnds,
    answers: Buffer.concat(encoded),
    authorityCount: authority.length,
    additionalCount: additional.length,
    rest: Buffer.concat([...authority, ...additional].map(encodeRecord)),
    turnable:
      answers.length > 1 &&
      answers.every(({ type, name }) => type === first!.type && name === first!.name) &&
      (first!.type === TYPE.A || first!.type === TYPE.AAAA),
  };
}

/**
 * The packet that answers `query`. `turn` says with which record to begin; what does not fit in `bytesMax` is left
 * out, and the packet says so.
 */
export function writeAnswer(
  packet: Buffer,
  query: Query,
  answer: Answer,
  bytesMax: number,
  turn: number,
): Buffer {
  const { questionEnd, edns } = query;
  const optBytes = edns ? OPT_BYTES : 0;
  const room = bytesMax - questionEnd - optBytes;
  const { answers, answerEnds, rest } = answer;
  const truncated = answers.length > room;
  const count = truncated ? answerEnds.findLastIndex((end) => end <= room) + 1 : answerEnds.length;
  const answerBytes = count === 0 ? 0 : answerEnds[count - 1]!;
  // The other sections are a help that a full packet does without.
  const withRest = !truncated && rest.length <= room - answerBytes;
  const out = Buffer.allocUnsafe(questionEnd + answerBytes + (withRest ? rest.length : 0) + optBytes);
  packet.copy(out, 0, 0, questionEnd);
  writeHeader(out, query, answer, truncated);
  out.writeUInt16BE(1, 4);
  out.writeUInt16BE(count, 6);
  out.writeUInt16BE(withRest ? answer.authorityCount : 0, 8);
  out.writeUInt16BE((withRest ? answer.additionalCount : 0) + (edns ? 1 : 0), 10);
  let at = copyTurned(out, questionEnd, answer, answerBytes, count, turn);
  if (withRest) at += rest.copy(out, at);
  if (edns) writeOpt(out, at, answer.rcode, edns.dnssecOk);
  return out;
}

function writeHeader(out: Buffer, query: Query, { rcode, authoritative }: Answer, truncated: boolean): void {
  const kept = query.flags & (FLAG.RECURSION_DESIRED | FLAG.CHECKING_DISABLED | 0x7800);
  const flags =
    FLAG.RESPONSE |
    kept |
    FLAG.RECURSION_AVAILABLE |
    (authoritative ? FLAG.AUTHORITATIVE : 0) |
    (truncated ? FLAG.TRUNCATED : 0) |
    (rcode & 0xf);
  out.writeUInt16BE(flags, 2);
}

function copyTurned(
  out: Buffer,
  start: number,
  { answers, answerEnds, turnable }: Answer,
  bytes: number,
  count: number,
  turn: number,
): number {
  const all = count === answerEnds.length;
  const split = turnable && turn > 0 ? (all ? (answerEnds[(turn % count) - 1] ?? 0) : 0) : 0;
  const at = start + answers.copy(out, start, split, bytes);
  return at + answers.copy(out, at, 0, split);
}

function writeOpt(out: Buffer, at: number, rcode: number, dnssecOk: boolean): void {
  out[at] = 0;
  out.writeUInt16BE(TYPE.OPT, at + 1);
  out.writeUInt16BE(EDNS_BYTES_MAX, at + 3);
  out[at + 5] = rcode >> 4;
  out[at + 6] = 0;
  out.writeUInt16BE(dnssecOk ? 0x8000 : 0, at + 7);
  out.writeUInt16BE(0, at + 9);
}

/** A packet without records, for what cannot be read as a query. */
export function writeFormatError(packet: Buffer): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  out.writeUInt16BE(packet.readUInt16BE(0), 0);
  out.writeUInt16BE(FLAG.RESPONSE | (packet.readUInt16BE(2) & 0x7900) | RCODE.FORMERR, 2);
  return out;
}

/** An answer that is a code alone. */
export const codeAnswer = (rcode: number): Answer => encodeAnswer({ rcode, answers: [] }, false);
