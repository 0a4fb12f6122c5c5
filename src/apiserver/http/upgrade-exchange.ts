import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#base/clock";
import { EarlyBytes } from "#base/node/early-bytes";
import type { Credentials, HeaderSet } from "../contracts.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";

/** A request to change the protocol of its connection. Whoever does not grant that answers as HTTP/1.1. */
export class UpgradeExchange implements Exchange, HeaderSet {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly credentials: Credentials;
  status = 0;
  /** What follows a change of protocol is no answer of ours. */
  readonly sentBytes = 0;
  readonly raw: RawExchange;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #abort = new AbortController();

  constructor(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    _clock: Clock,
    peer: Omit<Credentials, "header">,
  ) {
    this.#request = request;
    this.#socket = socket;
    this.method = request.method ?? "GET";
    const target = request.url ?? "/";
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.search = mark < 0 ? "" : target.slice(mark + 1);
    this.credentials = { path: this.path, header: (name) => this.header(name), all: this, ...peer };
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

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#request.headers);
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
