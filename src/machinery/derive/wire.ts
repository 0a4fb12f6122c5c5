/** Protobuf's wire format: reading forwards, writing backwards so that every length is known when it is written. */

/** Bytes that are no message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Strings up to this many bytes are looked up before they are made: names and enums come again and again. */
const SHORT = 40;
const CACHE_SIZE = 4096;
const cache: (string | undefined)[] = Array.from({ length: CACHE_SIZE });

const TWO_32 = 2 ** 32;

/** Reads one message. `end` is moved while a message inside it is read. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  /** Up to 32 bits, unsigned; what is beyond them is dropped, as for enums and int32. */
  uint32(): number {
    let byte = this.bytes[this.at]!;
    if (byte < 0x80 && this.at < this.end) {
      this.at += 1;
      return byte;
    }
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw truncated();
      byte = this.bytes[this.at++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtobufError("a varint is longer than ten bytes");
  }

  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    return this.uint64() !== 0;
  }

  /** A number while it is safe. */
  int64(): number | bigint {
    this.#varint();
    const high = highBits | 0;
    const value = high * TWO_32 + lowBits;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(lowBits);
  }

  uint64(): number | bigint {
    this.#varint();
    const value = highBits * TWO_32 + lowBits;
    return Number.isSafeInteger(value) ? value : (BigInt(highBits) << 32n) | BigInt(lowBits);
  }

  bigint64(): bigint {
    return BigInt(this.int64());
  }

  double(): number {
    this.#need(8);
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** Into `lowBits` and `highBits`. */
  #varint(): void {
    lowBits = 0;
    highBits = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw truncated();
      const byte = this.bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lowBits |= bits << shift;
      else if (shift === 28) {
        lowBits |= bits << 28;
        highBits = bits >>> 4;
      } else if (shift < 64) highBits |= bits << (shift - 32);
      if (byte < 0x80) {
        lowBits >>>= 0;
        highBits >>>= 0;
        return;
      }
    }
    throw new ProtobufError("a varint is longer than ten bytes");
  }

  #need(length: number): void {
    if (length > this.end - this.at) throw truncated();
  }

  /** The length of what follows, which is checked to be there. */
  length(): number {
    const length = this.uint32();
    this.#need(length);
    return length;
  }

  string(): string {
    const length = this.length();
    const start = this.at;
    this.at += length;
    return length <= SHORT
      ? this.#short(start, length)
      : decoder.decode(this.bytes.subarray(start, start + length));
  }

  #short(start: number, length: number): string {
    const { bytes } = this;
    let hash = length;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i]!;
      if (byte > 0x7f) return decoder.decode(bytes.subarray(start, start + length));
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SIZE - 1);
    const known = cache[slot];
    if (known !== undefined && known.length === length && this.#holds(start, known)) return known;
    const made = String.fromCharCode(...bytes.subarray(start, start + length));
    cache[slot] = made;
    return made;
  }

  #holds(start: number, text: string): boolean {
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== this.bytes[start + i]) return false;
    return true;
  }

  /** A view, not a copy. */
  view(): Uint8Array {
    const length = this.length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  skip(wire: number): void {
    switch (wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#need(8);
        this.at += 8;
        return;
      case BYTES: {
        const length = this.length();
        this.at += length;
        return;
      }
      case FIXED32:
        this.#need(4);
        this.at += 4;
        return;
      default:
        throw new ProtobufError(`wire type ${wire} is not known`);
    }
  }
}

/** Of the varint that was read last; module variables, since an object for each would cost more than the reading. */
let lowBits = 0;
let highBits = 0;

const truncated = (): ProtobufError => new ProtobufError("unexpected end of message");

const SIZE_START = 1024;
/** A buffer that has grown beyond this is given up after use. */
const SIZE_KEPT_MAX = 1 << 20;

/** Writes from the back to the front: the last field first. */
export class Writer {
  #bytes = new Uint8Array(SIZE_START);
  #at = SIZE_START;

  /** Bytes written so far. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of what was written; the writer is empty again. */
  finish(): Uint8Array<ArrayBuffer> {
    const written = this.#bytes.slice(this.#at);
    this.reset();
    return written;
  }

  reset(): void {
    if (this.#bytes.length > SIZE_KEPT_MAX) this.#bytes = new Uint8Array(SIZE_START);
    this.#at = this.#bytes.length;
  }

  #need(length: number): void {
    if (this.#at >= length) return;
    const size = this.size;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, size + length));
    grown.set(this.#bytes.subarray(this.#at), grown.length - size);
    this.#bytes = grown;
    this.#at = grown.length - size;
  }

  uint32(value: number): void {
    if (this.#at < 5) this.#need(5);
    if (value < 0x80) {
      this.#bytes[--this.#at] = value;
      return;
    }
    let length = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) length += 1;
    this.#at -= length;
    let at = this.#at;
    for (; value > 0x7f; value >>>= 7) this.#bytes[at++] = (value & 0x7f) | 0x80;
    this.#bytes[at] = value;
  }

  /** Negative numbers take ten bytes, as 64 bits. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.#varint(value >>> 0, 0xffffffff);
  }

  bool(value: boolean): void {
    if (this.#at < 1) this.#need(1);
    this.#bytes[--this.#at] = value ? 1 : 0;
  }

  int64(value: number | bigint): void {
    if (typeof value === "number") {
      if (value >= 0 && value < TWO_32) return this.uint32(value);
      if (Number.isSafeInteger(value)) return this.#varint(value >>> 0, Math.floor(value / TWO_32) >>> 0);
    }
    const bits = BigInt.asUintN(64, BigInt(value));
    this.#varint(Number(bits & 0xffffffffn), Number(bits >> 32n));
  }

  #varint(low: number, high: number): void {
    this.#need(10);
    let length = 1;
    for (let bits = high > 0 ? 32 + (32 - Math.clz32(high)) : 32 - Math.clz32(low); bits > 7; bits -= 7)
      length += 1;
    this.#at -= length;
    let at = this.#at;
    while (high > 0 || low > 0x7f) {
      this.#bytes[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[at] = low;
  }

  double(value: number): void {
    this.#need(8);
    this.#at -= 8;
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
  }

  raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#at -= bytes.length;
    this.#bytes.set(bytes, this.#at);
  }

  /** The bytes with their length in front. */
  bytes(bytes: Uint8Array): void {
    this.raw(bytes);
    this.uint32(bytes.length);
  }

  /** The text with its length in front. */
  string(text: string): void {
    const { length } = text;
    if (length > 64) return this.bytes(encoder.encode(text));
    this.#need(length);
    const start = this.#at - length;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.bytes(encoder.encode(text));
      bytes[start + i] = code;
    }
    this.#at = start;
    this.uint32(length);
  }

  /** Ends a message that began when `size` was `before`. */
  since(before: number): void {
    this.uint32(this.size - before);
  }
}
