/** Bytes over TLS, as they are. */
import { once } from "node:events";
import { type Socket, connect as connectTcp } from "node:net";
import { type TLSSocket, connect } from "node:tls";
import { Carried } from "./carried.ts";

const DEADLINE_MS = 30_000;
const KEPT_BYTES_MAX = 128 * 1024;

/** One connection to the attacked server, with all that came back. */
export class Connection {
  readonly socket: TLSSocket;
  ended = false;
  readonly #tcp: Socket;
  #chunks: Buffer[] = [];
  #kept = 0;
  #wake: () => void = () => undefined;

  private constructor(tcp: Socket, socket: TLSSocket) {
    this.#tcp = tcp;
    this.socket = socket;
    tcp.on("error", () => undefined);
    const over = () => {
      this.ended = true;
      this.#wake();
    };
    socket.on("data", (chunk: Buffer) => {
      if (this.#kept < KEPT_BYTES_MAX) this.#chunks.push(chunk);
      this.#kept += chunk.length;
      this.#wake();
    });
    socket.on("end", over).on("close", over).on("error", over);
  }

  /** `protocol`: `http/1.1` or `h2`. */
  static async open(port: number, ca: string, protocol: string): Promise<Connection> {
    const tcp = connectTcp(port, "127.0.0.1");
    const socket = connect({ socket: new Carried(tcp), host: "127.0.0.1", ca, ALPNProtocols: [protocol] });
    const connection = new Connection(tcp, socket);
    await Promise.race([once(socket, "secureConnect"), once(socket, "close")]).catch(() => undefined);
    return connection;
  }

  /** So far; of long answers only the beginning. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  write(...pieces: readonly (string | Uint8Array)[]): void {
    for (const piece of pieces) {
      if (!this.socket.writable) return;
      this.socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
    }
  }

  /** Waits for what is to come back, and gives whether it did within the deadline; the end of the connection is one too. */
  async until(found: (received: Buffer) => boolean, withinMs = DEADLINE_MS): Promise<boolean> {
    const deadline = AbortSignal.timeout(withinMs);
    while (!this.ended && !found(this.received)) {
      if (deadline.aborted) return false;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      // oxlint-disable-next-line no-await-in-loop -- until it is there
      await Promise.race([woken, once(deadline, "abort")]);
    }
    return true;
  }

  /** Leaves without a word. */
  reset(): void {
    this.#tcp.resetAndDestroy();
    this.socket.destroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

export const tick = (turns = 1): Promise<void> =>
  new Promise((resolve) => setImmediate(() => (turns <= 1 ? resolve() : void tick(turns - 1).then(resolve))));
