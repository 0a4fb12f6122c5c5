import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { EarlyBytes } from "#base/node/early-bytes";
import type { Credentials } from "../contracts.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";
import { NodeExchange } from "./node-exchange.ts";

/** A request to change the protocol of its connection. Whoever does not grant that answers as HTTP/1.1. */
export class UpgradeExchange extends NodeExchange implements Exchange {
  /** What follows a change of protocol is no answer of ours. */
  readonly sentBytes = 0;
  readonly raw: RawExchange;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #abort = new AbortController();

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Omit<Credentials, "header">) {
    const { method, url, headers } = request;
    super({ method, target: url, headers, peer });
    this.#request = request;
    this.#socket = socket;
    const early = new EarlyBytes(socket, head);
    this.raw = {
      protocol: "upgrade",
      request,
      socket,
      get head() {
        return early.taken();
      },
    };
    socket.once("close", () => this.#abort.abort());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  headerValues(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? [];
  }

  readBody(): Promise<Buffer> {
    return Promise.resolve(Buffer.alloc(0));
  }

  reply(status: number, headers: Headers, body: Uint8Array | undefined): void {
    this.status = status;
    if (!this.#socket.writable) return;
    this.#head(status, { ...headers, "content-length": String(body?.length ?? 0) });
    this.#socket.end(body);
  }

  get unsent(): boolean {
    return !this.#socket.destroyed;
  }

  onSent(callback: () => void): void {
    this.#socket.once("close", callback);
  }

  breakOff(): void {
    this.#socket.destroy();
  }

  /** For those who ask for a change and get what they asked for as it is: its end is that of the connection. */
  open(status: number, headers: Headers): OutgoingStream {
    this.status = status;
    const socket = this.#socket;
    this.#head(status, headers);
    let drainer = () => undefined as void;
    socket.on("drain", () => drainer());
    socket.once("close", () => drainer());
    return {
      write: (chunk) => socket.writable && socket.write(chunk),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
      get closed() {
        return !socket.writable;
      },
      onDrain: (callback) => void (drainer = callback),
      onClose: (callback) => void socket.once("close", callback),
    };
  }

  #head(status: number, headers: Headers): void {
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
    for (const [name, value] of Object.entries({ ...headers, connection: "close" })) {
      for (const one of typeof value === "string" ? [value] : value) lines.push(`${name}: ${one}`);
    }
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }
}
