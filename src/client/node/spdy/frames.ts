/** SPDY/3.1 on the wire, as much of it as remote commands use. */

export const FRAME = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 } as const;
export const FIN = 1;

/** A frame that holds more than this is no frame of a well-meaning peer. */
const FRAME_BYTES_MAX = 1024 * 1024;
const HEAD_BYTES = 8;
const VERSION = 3;

export type Frame =
  | { readonly kind: "data"; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly kind: "control"; readonly type: number; readonly flags: number; readonly payload: Buffer };

/** Cuts a byte stream into frames. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that these bytes complete. Throws for frames that cannot be. */
  *push(chunk: Buffer): Iterable<Frame> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (this.#pending.length < HEAD_BYTES) return;
      const length = this.#pending.readUInt32BE(4) & 0xffffff;
      if (length > FRAME_BYTES_MAX) throw new Error(`a SPDY frame of ${length} bytes is too large`);
      if (this.#pending.length < HEAD_BYTES + length) return;
      const head = this.#pending.readUInt32BE(0);
      const flags = this.#pending[4]!;
      const payload = this.#pending.subarray(HEAD_BYTES, HEAD_BYTES + length);
      this.#pending = this.#pending.subarray(HEAD_BYTES + length);
      if (head < 0x80000000) yield { kind: "data", streamId: head, fin: (flags & FIN) !== 0, payload };
      else yield { kind: "control", type: head & 0xffff, flags, payload };
    }
  }
}

export function dataFrame(streamId: number, payload: Uint8Array, fin: boolean): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  frame.writeUInt32BE(streamId, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame[4] = fin ? FIN : 0;
  frame.set(payload, HEAD_BYTES);
  return frame;
}

export function controlFrame(type: number, payload: Uint8Array, flags = 0): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  frame.writeUInt32BE((0x80000000 | (VERSION << 16) | type) >>> 0, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame[4] = flags;
  frame.set(payload, HEAD_BYTES);
  return frame;
}

export function synStream(streamId: number, headerBlock: Uint8Array): Buffer {
  const payload = Buffer.alloc(10 + headerBlock.length);
  payload.writeUInt32BE(streamId, 0);
  payload.set(headerBlock, 10);
  return controlFrame(FRAME.synStream, payload);
}

const STORED_BYTES_MAX = 0xffff;
/** An empty stored block: on it a decompressor hands out what it has. */
const FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/**
 * Writes header blocks. All blocks of a session are one zlib stream; stored blocks are valid parts of one and need
 * neither dictionary nor state. What they cost in bytes does not matter for a handful of streams.
 */
export class HeaderWriter {
  #started = false;

  block(headers: Readonly<Record<string, string>>): Buffer {
    const parts: Buffer[] = [uint32(Object.keys(headers).length)];
    for (const [name, value] of Object.entries(headers))
      parts.push(...text(name.toLowerCase()), ...text(value));
    const plain = Buffer.concat(parts);
    if (plain.length > STORED_BYTES_MAX)
      throw new Error(`SPDY headers of ${plain.length} bytes are too large`);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(plain.length, 1);
    head.writeUInt16LE(~plain.length & 0xffff, 3);
    const opening = this.#started ? [] : [Buffer.from([0x78, 0x01])];
    this.#started = true;
    return Buffer.concat([...opening, head, plain, FLUSH]);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): [Buffer, Buffer] {
  const bytes = Buffer.from(value);
  return [uint32(bytes.length), bytes];
}
