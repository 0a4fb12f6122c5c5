import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { Endpoint } from "../control-plane.ts";
import { h1Request } from "./h1-connection.ts";

const EVENT = Buffer.from('{"type":"');

/** A watch over a connection of its own that counts events and looks no further. */
export class Watcher {
  lines = 0;
  readonly #socket: TLSSocket;
  #target = Infinity;
  #done: (() => void) | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#count(chunk));
  }

  static async open({ port, tls }: Endpoint, path: string): Promise<Watcher> {
    const socket = connect({ host: "127.0.0.1", port, ...tls, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    const watcher = new Watcher(socket);
    socket.write(h1Request("GET", path));
    return watcher;
  }

  /** Resolves when so many events have come in all. */
  reached(count: number): Promise<void> {
    if (this.lines >= count) return Promise.resolve();
    this.#target = count;
    return new Promise((resolve) => (this.#done = resolve));
  }

  /** From now on nothing is read: what the server sends fills the buffers between. */
  stall(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Events are small beside TLS records, so one cut in its first nine bytes is too rare to matter: the server writes them whole. */
  #count(chunk: Buffer): void {
    for (let at = chunk.indexOf(EVENT); at >= 0; at = chunk.indexOf(EVENT, at + EVENT.length)) this.lines++;
    if (this.lines >= this.#target) this.#done?.();
  }
}
