/** How protobuf says what JSON says in one value: numbers and texts, times, quantities, numbers or names. */
import { fromBase64, toBase64 } from "../base64.ts";
import { encodeJson, parseJson } from "../json.ts";
import { canonicalQuantity } from "../quantity.ts";
import type { ScalarName } from "../schema.ts";
import {
  formatDurationNanos,
  formatMicroTime,
  formatTime,
  parseDurationNanos,
  parseMicroTime,
  parseTime,
} from "../time.ts";
import { BYTES, FIXED64, ProtobufError, type Reader, VARINT, type Writer } from "./wire.ts";

/** Levels of nesting of JSON inside of a message, as of a body in JSON. */
const RAW_DEPTH_MAX = 1_000;

/** What protobuf says of one type of scalar. `write` and `read` are without the tag. */
interface ScalarCodec {
  readonly wire: number;
  readonly write: (writer: Writer, value: never) => void;
  readonly read: (reader: Reader) => unknown;
}

/** Runs `read` on the message that follows, or on nothing when it is empty. */
export function message<T>(reader: Reader, read: (reader: Reader) => T): T {
  const length = reader.length();
  const outer = reader.end;
  reader.end = reader.at + length;
  const value = read(reader);
  reader.at = reader.end;
  reader.end = outer;
  return value;
}

/** Writes a message whose fields `write` puts there, last one first. */
export function framed(writer: Writer, write: () => void): void {
  const before = writer.size;
  write();
  writer.since(before);
}

/** Fields of a small message by tag and wire type: `(tag << 3) | wire`. */
export function fieldsOf(reader: Reader, take: (key: number) => boolean): void {
  while (reader.at < reader.end) {
    const key = reader.uint32();
    if (!take(key)) reader.skip(key & 7);
  }
}

function writeMoment(writer: Writer, ms: number): void {
  framed(writer, () => {
    const seconds = Math.floor(ms / 1000);
    writer.int32(Math.round((ms - seconds * 1000) * 1000) * 1000);
    writer.uint32(0x10);
    writer.int64(seconds);
    writer.uint32(0x08);
  });
}

/** Milliseconds; undefined for the zero time, which is an empty message. */
function readMoment(reader: Reader): number | undefined {
  return message(reader, () => {
    if (reader.at === reader.end) return undefined;
    let [seconds, nanos] = [0, 0];
    fieldsOf(reader, (key) => {
      if (key === 0x08) seconds = Number(reader.int64());
      else if (key === 0x10) nanos = reader.int32();
      return key === 0x08 || key === 0x10;
    });
    return seconds * 1000 + Math.floor(nanos / 1000) / 1000;
  });
}

/** A message with one text or bytes in field 1. */
function readOnly<T>(reader: Reader, read: () => T): T | undefined {
  return message(reader, () => {
    let value: T | undefined;
    fieldsOf(reader, (key) => {
      if (key === 0x0a) value = read();
      return key === 0x0a;
    });
    return value;
  });
}

function momentText(reader: Reader, format: (ms: number) => string): string | null {
  const ms = readMoment(reader);
  if (ms === undefined) return null;
  if (!Number.isFinite(ms) || Math.abs(ms) > MOMENT_MS_MAX) throw new ProtobufError("time is out of range");
  return format(ms);
}

/** JavaScript's dates end here. */
const MOMENT_MS_MAX = 8.64e15;

function readIntOrString(reader: Reader): number | string {
  return message(reader, () => {
    let [type, number, text] = [0, 0, ""];
    fieldsOf(reader, (key) => {
      if (key === 0x08) type = Number(reader.int64());
      else if (key === 0x10) number = reader.int32();
      else if (key === 0x1a) text = reader.string();
      else return false;
      return true;
    });
    return type === 1 ? text : number;
  });
}

export const SCALARS: Readonly<Record<ScalarName, ScalarCodec>> = {
  string: { wire: BYTES, write: (w, v: string) => w.string(v), read: (r) => r.string() },
  bool: { wire: VARINT, write: (w, v: boolean) => w.bool(v), read: (r) => r.bool() },
  int32: { wire: VARINT, write: (w, v: number) => w.int32(v), read: (r) => r.int32() },
  int64: { wire: VARINT, write: (w, v: number | bigint) => w.int64(v), read: (r) => r.int64() },
  uint32: { wire: VARINT, write: (w, v: number) => w.uint32(v), read: (r) => r.uint32() },
  uint64: { wire: VARINT, write: (w, v: number | bigint) => w.int64(v), read: (r) => r.uint64() },
  bigint64: { wire: VARINT, write: (w, v: bigint) => w.int64(v), read: (r) => r.bigint64() },
  double: { wire: FIXED64, write: (w, v: number) => w.double(v), read: (r) => r.double() },
  bytes: { wire: BYTES, write: (w, v: string) => w.bytes(fromBase64(v)), read: (r) => toBase64(r.view()) },
  rawBytes: { wire: BYTES, write: (w, v: Uint8Array) => w.bytes(v), read: (r) => r.view().slice() },
  quantity: {
    wire: BYTES,
    write: (w, v: string) =>
      framed(w, () => {
        w.string(v);
        w.uint32(0x0a);
      }),
    read: (r) => canonicalQuantity(readOnly(r, () => r.string()) || "0"),
  },
  intOrString: {
    wire: BYTES,
    write: (w, v: number | string) =>
      framed(w, () => {
        w.string(typeof v === "string" ? v : "");
        w.uint32(0x1a);
        w.int32(typeof v === "number" ? v : 0);
        w.uint32(0x10);
        w.uint32(typeof v === "string" ? 1 : 0);
        w.uint32(0x08);
      }),
    read: readIntOrString,
  },
  time: {
    wire: BYTES,
    write: (w, v: string) => writeMoment(w, parseTime(v)),
    read: (r) => momentText(r, formatTime),
  },
  microTime: {
    wire: BYTES,
    write: (w, v: string) => writeMoment(w, parseMicroTime(v)),
    read: (r) => momentText(r, formatMicroTime),
  },
  duration: {
    wire: BYTES,
    write: (w, v: string) =>
      framed(w, () => {
        w.int64(parseDurationNanos(v));
        w.uint32(0x08);
      }),
    read: (r) =>
      message(r, () => {
        let nanos = 0n;
        fieldsOf(r, (key) => {
          if (key === 0x08) nanos = r.bigint64();
          return key === 0x08;
        });
        return formatDurationNanos(nanos);
      }),
  },
  json: {
    wire: BYTES,
    write: (w, v: unknown) =>
      framed(w, () => {
        w.bytes(encodeJson(v));
        w.uint32(0x0a);
      }),
    read: (r) => {
      const raw = readOnly(r, () => r.view());
      return raw === undefined || raw.length === 0 ? null : parseJson(raw, { maxDepth: RAW_DEPTH_MAX });
    },
  },
};
