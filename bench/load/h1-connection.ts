import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { Endpoint } from "../control-plane.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export interface Answered {
  readonly status: number;
  /** Of the whole answer, heading included. */
  readonly bytes: number;
}

/**
 * One HTTP/1.1 connection that spends as little CPU as it can, so that the load costs less than what is loaded: it
 * sends bytes made before and reads no more of an answer than its status and its end.
 */
export class H1Connection {
  readonly #socket: TLSSocket;
  #waiting: { resolve(answered: Answered): void; reject(error: Error): void } | undefined;
  #head: Buffer | undefined;
  #status = 0;
  #bytes = 0;
  /** Bytes that the answer has in all; undefined: it is chunked and says where it ends. */
  #length: number | undefined;
  #tail: Buffer = Buffer.alloc(0);

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("the server hung up")));
  }

  static async open({ port, tls }: Endpoint): Promise<H1Connection> {
    const socket = connect({ host: "127.0.0.1", port, ...tls, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    return new H1Connection(socket);
  }

  send(request: Buffer): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#head = Buffer.alloc(0);
      this.#bytes = 0;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#head) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return;
      this.#readHead(this.#head.toString("latin1", 0, end), end + HEAD_END.length);
      this.#tail = this.#head;
      this.#head = undefined;
    } else if (this.#length === undefined) {
      this.#tail = chunk.length >= LAST_CHUNK.length ? chunk : Buffer.concat([this.#tail, chunk]);
    }
    const over =
      this.#length === undefined
        ? this.#tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
        : this.#bytes >= this.#length;
    if (!over) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: this.#status, bytes: this.#bytes });
  }

  #readHead(head: string, bodyAt: number): void {
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *([0-9]+)/i.exec(head);
    this.#length = length ? bodyAt + Number(length[1]) : undefined;
  }
}

/** The bytes of one request. */
export function h1Request(method: string, path: string, body?: string, accept = "application/json"): Buffer {
  const content =
    body === undefined
      ? ""
      : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\n${content}\r\n${body ?? ""}`,
  );
}
