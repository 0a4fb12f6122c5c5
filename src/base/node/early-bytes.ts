import type { Duplex } from "node:stream";

/** Of what a client may send before its wish for another protocol is answered. */
const BYTES_MAX = 256 * 1024;

/**
 * Reads a connection until somebody takes it over: of one that nobody reads, nobody sees that its client has left.
 * Whoever ends it or sends too much in that time is hung up on.
 */
export class EarlyBytes {
  readonly #socket: Duplex;
  #chunks: Buffer[];
  #size = 0;

  /** `head`: what has been read already. */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    this.#chunks = [head];
    socket.on("data", this.#take).on("end", this.#leave);
  }

  /** All of them; what comes from now on is the caller's to read, who must begin with it in this turn. */
  taken(): Buffer {
    this.#socket.off("data", this.#take).off("end", this.#leave);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  readonly #take = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > BYTES_MAX) this.#leave();
  };

  readonly #leave = (): void => void this.#socket.destroy();
}
