import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** A connection for TLS to be spoken over: one that TLS takes over itself is no longer there to be reset. */
export class Carried extends Duplex {
  readonly #tcp: Socket;

  constructor(tcp: Socket) {
    super();
    this.#tcp = tcp;
    tcp.on("data", (chunk: Buffer) => this.push(chunk) || tcp.pause());
    tcp.on("end", () => this.push(null));
    tcp.on("error", () => this.destroy());
    tcp.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#tcp.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#tcp.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#tcp.end(() => done());
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#tcp.destroy();
    done();
  }
}
