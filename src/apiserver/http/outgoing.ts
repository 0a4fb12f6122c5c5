import type { Writable } from "node:stream";
import type { OutgoingStream } from "./exchange.ts";

/** An answer in pieces over a stream of Node's. One listener each, however often somebody waits. */
export class NodeOutgoing implements OutgoingStream {
  readonly #stream: Writable;
  readonly #breakOff: () => void;
  readonly #chunked: boolean;
  readonly #closers: (() => void)[] = [];
  #drain: (() => void) | undefined;
  /** Written so far, without frames. */
  bytes = 0;

  /** `chunked`: pieces need the frames of HTTP/1.1 around them. */
  constructor(stream: Writable, breakOff: () => void, { chunked = false } = {}) {
    this.#stream = stream;
    this.#breakOff = breakOff;
    this.#chunked = chunked;
    stream.on("drain", () => this.#drain?.());
    stream.once("close", () => {
      for (const close of this.#closers) close();
      this.#drain?.();
    });
  }

  get closed(): boolean {
    return this.#stream.destroyed || this.#stream.writableEnded;
  }

  /** Node counts bytes as waiting until the kernel, or TLS, has taken them. */
  get isEmpty(): boolean {
    return this.#stream.writableLength === 0;
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed || chunk.length === 0) return true;
    this.bytes += chunk.length;
    if (!this.#chunked) return this.#stream.write(chunk);
    if (chunk.length <= FRAMED_BYTES_MAX) return this.#stream.write(framed(chunk));
    this.#stream.write(headOf(chunk));
    this.#stream.write(chunk);
    return this.#stream.write(LINE_BREAK);
  }

  end(): void {
    if (this.closed) return;
    if (this.#chunked) this.#stream.end(LAST_CHUNK);
    else this.#stream.end();
  }

  destroy(): void {
    this.#breakOff();
  }

  onDrain(callback: () => void): void {
    this.#drain = callback;
  }

  onClose(callback: () => void): void {
    if (this.#stream.closed) callback();
    else this.#closers.push(callback);
  }
}

/** Bigger pieces belong to one answer and are not copied once more. */
const FRAMED_BYTES_MAX = 32 * 1024;
const LINE_BREAK = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");
/** Room for the length of a chunk (hexadecimal digits and a line break) and the line break behind it. */
const FRAME_BYTES = 12;

const headOf = (piece: Uint8Array): string => `${piece.length.toString(16)}\r\n`;

let lastPiece: Uint8Array | undefined;
let lastFramed = Buffer.alloc(0);

/**
 * A chunk of HTTP/1.1 as one buffer: TLS takes that as it is, while the several that Node's own framing hands it are
 * copied for every connection. Many watchers send the same piece: they share its frame too.
 */
function framed(piece: Uint8Array): Buffer {
  if (piece === lastPiece) return lastFramed;
  const frame = Buffer.allocUnsafe(piece.length + FRAME_BYTES);
  const at = frame.write(headOf(piece), "latin1");
  frame.set(piece, at);
  const end = at + piece.length;
  lastFramed = frame.subarray(0, end + frame.write("\r\n", end, "latin1"));
  lastPiece = piece;
  return lastFramed;
}
