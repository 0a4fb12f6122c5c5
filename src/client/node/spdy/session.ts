import type { Duplex } from "node:stream";
import {
  controlFrame,
  dataFrame,
  FRAME,
  type Frame,
  FrameReader,
  HeaderWriter,
  synStream,
} from "./frames.ts";

/** Bytes of one data frame at most. */
const DATA_BYTES_MAX = 32 * 1024;

/** One of several streams on a connection, from the side that opened it. */
export class SpdyStream {
  onData: (chunk: Buffer) => void = () => undefined;
  /** The other side sends no more. Called once. */
  onEnd: () => void = () => undefined;
  ended = false;
  readonly #id: number;
  readonly #socket: Duplex;
  #finished = false;

  constructor(id: number, socket: Duplex) {
    this.#id = id;
    this.#socket = socket;
  }

  /** False when the connection is full; its `drain` event says when to go on. */
  write(chunk: Uint8Array): boolean {
    if (this.#finished) return true;
    let ready = true;
    for (let start = 0; start < chunk.length; start += DATA_BYTES_MAX) {
      ready = this.#socket.write(dataFrame(this.#id, chunk.subarray(start, start + DATA_BYTES_MAX), false));
    }
    return ready;
  }

  /** Nothing more will be sent; the other direction stays open. */
  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.write(dataFrame(this.#id, new Uint8Array(), true));
  }

  receive(chunk: Buffer, fin: boolean): void {
    if (this.ended) return;
    if (chunk.length > 0) this.onData(chunk);
    if (fin) this.close();
  }

  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd();
  }
}

/** The opening side of a SPDY/3.1 connection, on a socket that was upgraded to it. Flow control is the socket's. */
export class SpdySession {
  readonly socket: Duplex;
  readonly #reader = new FrameReader();
  readonly #headers = new HeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();
  #nextId = 1;
  #over = false;

  constructor(socket: Duplex, head: Buffer) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => this.#closeAll());
    socket.on("error", () => this.#closeAll());
    if (head.length > 0) this.#receive(head);
  }

  /** A stream that has ended already, where the connection is over. */
  open(headers: Readonly<Record<string, string>>): SpdyStream {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(id, this.socket);
    // The other side may leave before it was asked for anything.
    if (this.#over) stream.close();
    this.#streams.set(id, stream);
    this.socket.write(synStream(id, this.#headers.block(headers)));
    return stream;
  }

  /** What has been written still leaves, unless the socket has a timeout and is idle so long; what comes is lost. */
  close(): void {
    const { socket } = this;
    this.#closeAll();
    socket.end(() => socket.destroy());
    socket.once("timeout", () => socket.destroy());
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#handle(frame);
    } catch {
      this.socket.destroy();
    }
  }

  #handle(frame: Frame): void {
    if (frame.kind === "data")
      return this.#with(frame.streamId, (stream) => stream.receive(frame.payload, frame.fin));
    switch (frame.type) {
      case FRAME.synReply:
      case FRAME.headers:
        // The headers of answers say nothing that matters here; only that the stream may be over.
        if ((frame.flags & 1) !== 0) this.#with(streamIdIn(frame.payload), (stream) => stream.close());
        return;
      case FRAME.rstStream:
        return this.#with(streamIdIn(frame.payload), (stream) => stream.close());
      case FRAME.ping:
        return void this.socket.write(controlFrame(FRAME.ping, frame.payload));
      case FRAME.goAway:
        return this.#closeAll();
      default:
    }
  }

  /** One that is over is forgotten: a session lives long, and has two for every connection that it forwards. */
  #with(id: number, work: (stream: SpdyStream) => void): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    work(stream);
    if (stream.ended) this.#streams.delete(id);
  }

  #closeAll(): void {
    this.#over = true;
    for (const stream of this.#streams.values()) stream.close();
  }
}

const streamIdIn = (payload: Buffer): number =>
  payload.length < 4 ? 0 : payload.readUInt32BE(0) & 0x7fffffff;
