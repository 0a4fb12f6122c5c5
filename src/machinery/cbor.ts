/** CBOR (RFC 8949) to values and back, for what JSON can say: no other kinds of values come in or go out. */
import { toBase64 } from "./base64.ts";
import { formatTime } from "./time.ts";

/** Bytes that are no CBOR, or that say what JSON could not. */
export class CborError extends Error {
  override readonly name = "CborError";
}

/** Levels of maps, lists and tags. */
const DEPTH_MAX = 64;
/** Of one list, or pairs of one map. */
const ELEMENTS_MAX = 1024;

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;

/** "What follows is CBOR": every object on the wire begins with it. */
const SELF_DESCRIBED = Uint8Array.of(0xd9, 0xd9, 0xf7);
const BREAK = 0xff;
const INDEFINITE = 31;

/** Tags on bytes that say how they are written in JSON. */
const AS_BASE64URL = 21;
const AS_BASE64 = 22;
const AS_HEX = 23;
const TIME_TEXT = 0;
const TIME_EPOCH = 1;
const BIG_UNSIGNED = 2;
const BIG_NEGATIVE = 3;

const INT64_MAX = 2n ** 63n - 1n;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** One value. Integers beyond 2^53 become bigints. Throws `CborError`, also for a key that comes twice. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at < bytes.length) {
    const left = bytes.length - reader.at;
    throw new CborError(`cbor: ${left} bytes of extraneous data starting at index ${reader.at}`);
  }
  return value;
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    const first = this.#byte();
    const [major, info] = [first >> 5, first & 0x1f];
    switch (major) {
      case UNSIGNED:
        return whole(this.#argument(info));
      case NEGATIVE:
        return whole(-1n - BigInt(this.#argument(info)));
      case BYTES:
      case TEXT:
        return text(this.#string(major, info));
      case LIST:
        return this.#list(info, deeper(depth));
      case MAP:
        return this.#map(info, deeper(depth));
      case TAG:
        return this.#tagged(this.#argument(info), deeper(depth));
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw ended();
    return this.#bytes[this.at++]!;
  }

  /** A number of so many bytes behind the first one. */
  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info > 27) throw new CborError(`cbor: invalid additional information ${info}`);
    const size = 2 ** (info - 24);
    const start = this.#take(size);
    if (size === 1) return this.#view.getUint8(start);
    if (size === 2) return this.#view.getUint16(start);
    return size === 4 ? this.#view.getUint32(start) : this.#view.getBigUint64(start);
  }

  #length(info: number): number {
    const length = Number(this.#argument(info));
    if (length > this.#bytes.length - this.at) throw ended();
    return length;
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw ended();
    this.at += length;
    return start;
  }

  #string(major: number, info: number): Uint8Array {
    if (info !== INDEFINITE) {
      const start = this.#take(this.#length(info));
      return this.#bytes.subarray(start, this.at);
    }
    const parts: Uint8Array[] = [];
    for (let first = this.#byte(); first !== BREAK; first = this.#byte()) {
      const isPart = first >> 5 === major && (first & 0x1f) !== INDEFINITE;
      if (!isPart) throw new CborError("cbor: wrong element type for indefinite-length string");
      parts.push(this.#string(major, first & 0x1f));
    }
    return joined(parts);
  }

  #list(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (const _ of this.#elements(info, "elements", "array")) items.push(this.value(depth));
    return items;
  }

  #map(info: number, depth: number): object {
    const map: Record<string, unknown> = {};
    for (const index of this.#elements(info, "key-value pairs", "map")) {
      const key = this.#key();
      if (Object.hasOwn(map, key))
        throw new CborError(
          `cbor: found duplicate map key ${JSON.stringify(key)} at map element index ${index}`,
        );
      const value = this.value(depth);
      if (key !== "__proto__") map[key] = value;
      else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
    }
    return map;
  }

  #key(): string {
    const first = this.#byte();
    const major = first >> 5;
    if (major !== BYTES && major !== TEXT) throw new CborError("cbor: map keys have to be strings");
    return text(this.#string(major, first & 0x1f));
  }

  /** Counts the elements that are there, as they are asked for. */
  *#elements(info: number, what: string, of: string): Generator<number> {
    const count = info === INDEFINITE ? Infinity : Number(this.#argument(info));
    for (let index = 0; index < count; index++) {
      if (count === Infinity && this.#bytes[this.at] === BREAK) return void this.at++;
      if (index === ELEMENTS_MAX || (count !== Infinity && count > ELEMENTS_MAX))
        throw new CborError(`cbor: exceeded max number of ${what} ${ELEMENTS_MAX} for CBOR ${of}`);
      yield index;
    }
  }

  #tagged(tag: number | bigint, depth: number): unknown {
    const major = this.#bytes[this.at]! >> 5;
    if (tag === AS_BASE64URL || tag === AS_BASE64 || tag === AS_HEX) {
      if (major !== BYTES) throw new CborError(`cbor: tag ${tag} is for byte strings`);
      return laterText(this.#string(BYTES, this.#byte() & 0x1f), tag);
    }
    const value = this.value(depth);
    if (tag === BIG_UNSIGNED || tag === BIG_NEGATIVE)
      throw new CborError("cbor: integers of more than 64 bits are not supported");
    if (tag === TIME_TEXT && typeof value !== "string")
      throw new CborError("cbor: tag number 0 must be followed by text string");
    if (tag !== TIME_EPOCH) return value;
    if (typeof value !== "number")
      throw new CborError("cbor: tag number 1 must be followed by integer or float");
    return formatTime(value * 1000);
  }

  #simple(info: number): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 25) return finite(half(this.#view.getUint16(this.#take(2))));
    if (info === 26) return finite(this.#view.getFloat32(this.#take(4)));
    if (info === 27) return finite(this.#view.getFloat64(this.#take(8)));
    throw new CborError(info === INDEFINITE ? 'cbor: unexpected "break" code' : "cbor: unknown simple value");
  }
}

function deeper(depth: number): number {
  if (depth >= DEPTH_MAX) throw new CborError(`cbor: exceeded max nested level ${DEPTH_MAX}`);
  return depth + 1;
}

const ended = (): CborError => new CborError("unexpected EOF");

function whole(value: number | bigint): number | bigint {
  if (typeof value === "number") return value;
  if (value > INT64_MAX || value < -INT64_MAX - 1n)
    throw new CborError(
      `cbor: cannot unmarshal ${value} into Go value of type int64 (${value} overflows Go's int64)`,
    );
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new CborError("cbor: invalid UTF-8 string", { cause });
  }
}

function laterText(bytes: Uint8Array, tag: number | bigint): string {
  if (tag === AS_HEX) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const base64 = toBase64(bytes);
  return tag === AS_BASE64 ? base64 : base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new CborError("cbor: NaN and infinities are not supported");
}

/** Sixteen bits: one of sign, five of exponent, ten of fraction. */
function half(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 === 0 ? size : -size;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** The value with the mark of CBOR before it. Texts go as byte strings, as other API servers send them. */
export function encodeCbor(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.raw(SELF_DESCRIBED);
  writer.value(value);
  return writer.bytes();
}

const FIRST_BYTES = 1024;

class Writer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#end);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  value(value: unknown): void {
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "number") return this.#number(value);
    if (typeof value === "boolean") return this.#head(7, value ? 21 : 20);
    if (typeof value === "bigint") return this.#integer(value);
    if (value === null || value === undefined) return this.#head(7, 22);
    if (Array.isArray(value)) return this.#list(value);
    this.#map(value as Readonly<Record<string, unknown>>);
  }

  #list(items: readonly unknown[]): void {
    this.#head(LIST, items.length);
    for (const item of items) this.value(item);
  }

  #map(map: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(map).filter(([, member]) => member !== undefined);
    this.#head(MAP, entries.length);
    for (const [key, member] of entries) {
      this.#text(key);
      this.value(member);
    }
  }

  #text(value: string): void {
    // Never more than three bytes for a unit of UTF-16.
    this.#room(value.length * 3 + 9);
    if (value.length * 3 < 24) {
      const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#end + 1));
      this.#bytes[this.#end] = (BYTES << 5) | written;
      this.#end += 1 + written;
      return;
    }
    const bytes = encoder.encode(value);
    this.#head(BYTES, bytes.length);
    this.raw(bytes);
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(value);
    if (!Number.isFinite(value)) throw new CborError("cbor: NaN and infinities are not supported");
    const isSingle = Math.fround(value) === value;
    this.#room(9);
    this.#bytes[this.#end++] = isSingle ? 0xfa : 0xfb;
    if (isSingle) this.#view.setFloat32(this.#end, value);
    else this.#view.setFloat64(this.#end, value);
    this.#end += isSingle ? 4 : 8;
  }

  #integer(value: number | bigint): void {
    if (value >= 0) this.#head(UNSIGNED, value);
    else this.#head(NEGATIVE, typeof value === "bigint" ? -1n - value : -1 - value);
  }

  /** The first byte of a value, with its number in as few bytes as it needs. */
  #head(major: number, argument: number | bigint): void {
    this.#room(9);
    const first = major << 5;
    if (argument < 24) {
      this.#bytes[this.#end++] = first | Number(argument);
    } else if (argument < 0x100) {
      this.#bytes[this.#end++] = first | 24;
      this.#bytes[this.#end++] = Number(argument);
    } else if (argument < 0x1_0000) {
      this.#bytes[this.#end] = first | 25;
      this.#view.setUint16(this.#end + 1, Number(argument));
      this.#end += 3;
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[this.#end] = first | 26;
      this.#view.setUint32(this.#end + 1, Number(argument));
      this.#end += 5;
    } else {
      if (argument > 2n ** 64n - 1n) throw new CborError("cbor: an integer has more than 64 bits");
      this.#bytes[this.#end] = first | 27;
      this.#view.setBigUint64(this.#end + 1, BigInt(argument));
      this.#end += 9;
    }
  }

  #room(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#end + length));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
