import type { Writable } from "node:stream";
import type { OutgoingStream } from "./exchange.ts";

/** An answer in pieces over a stream of Node's. One listener each, however often somebody waits. */
export class NodeOutgoing implements OutgoingStream {
  readonly #stream: Writable;
  readonly #breakOff: () => void;
  readonly #closers: (() => void)[] = [];
  #drain: (() => void) | undefined;

  constructor(stream: Writable, breakOff: () => void) {
    this.#stream = stream;
    this.#breakOff = breakOff;
    stream.on("drain", () => this.#drain?.());
    stream.once("close", () => {
      for (const close of this.#closers) close();
      this.#drain?.();
    });
  }

  get closed(): boolean {
    return this.#stream.destroyed || this.#stream.writableEnded;
  }

  write(chunk: Uint8Array): boolean {
    return this.#stream.destroyed || this.#stream.write(chunk);
  }

  end(): void {
    this.#stream.end();
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
