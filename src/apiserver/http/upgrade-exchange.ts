import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#base/clock";
import { assert } from "#base/assert";
import type { Credentials, HeaderSet } from "../contracts.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";

/** A request to change the protocol of its connection. Refusals are answered as HTTP/1.1. */
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
    this.raw = { protocol: "upgrade", request, socket, head };
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
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
    const all = { ...headers, "content-length": String(body?.length ?? 0), connection: "close" };
    for (const [name, value] of Object.entries(all)) {
      for (const one of typeof value === "string" ? [value] : value) lines.push(`${name}: ${one}`);
    }
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`);
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

  open(): OutgoingStream {
    return assert(false, "an upgraded connection has no HTTP body") as never;
  }
}
