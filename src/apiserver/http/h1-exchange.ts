import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "#base/clock";
import type { Credentials, HeaderSet } from "../contracts.ts";
import { readAll } from "./body.ts";
import { NodeOutgoing } from "./outgoing.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";

/** A request over HTTP/1.1. */
export class H1Exchange implements Exchange, HeaderSet {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly credentials: Credentials;
  status = 0;
  #sentBytes = 0;
  #outgoing: NodeOutgoing | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #abort: AbortController | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    clock: Clock,
    peer: Omit<Credentials, "header">,
  ) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    this.method = request.method ?? "GET";
    const target = request.url ?? "/";
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.search = mark < 0 ? "" : target.slice(mark + 1);
    this.credentials = { path: this.path, header: (name) => this.header(name), all: this, ...peer };
    response.on("error", () => undefined);
    // Node's parser tells nobody of what is malformed behind a wish for another protocol that was not granted.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#request.headers);
  }

  headerValues(name: string): readonly string[] {
    // Most are asked for and not there, while to tell all of them apart costs as much as an authentication.
    if (this.#request.headers[name] === undefined) return [];
    return this.#request.headersDistinct[name] ?? [];
  }

  readBody(bytesMax: number, withinMs: number): Promise<Buffer> {
    return readAll(this.#request, bytesMax, withinMs, this.#clock);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = (this.#abort = new AbortController());
      if (this.#response.destroyed) abort.abort();
      else this.#response.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }

  get sentBytes(): number {
    return this.#outgoing?.bytes ?? this.#sentBytes;
  }

  get unsent(): boolean {
    return !this.#response.writableFinished && !this.#response.destroyed;
  }

  onSent(callback: () => void): void {
    this.#response.once("close", callback);
  }

  breakOff(): void {
    this.#response.destroy();
  }

  get raw(): RawExchange {
    return { protocol: "h1", request: this.#request, response: this.#response };
  }

  reply(status: number, headers: Headers, body: Uint8Array | undefined): void {
    const response = this.#response;
    if (response.headersSent) return;
    this.status = status;
    if (response.destroyed) return;
    this.#sentBytes = body?.length ?? 0;
    response.writeHead(status, { ...headers, "content-length": body?.length ?? 0 } as Record<
      string,
      string | number
    >);
    response.end(this.method === "HEAD" ? undefined : body);
    this.#dropRest();
  }

  open(status: number, headers: Headers): OutgoingStream {
    const response = this.#response;
    const breakOff = () => this.breakOff();
    // One that was answered in the meantime, as when its time was over.
    if (response.headersSent) return new NodeOutgoing(response, breakOff);
    this.status = status;
    response.writeHead(status, headers as Record<string, string>);
    response.flushHeaders();
    this.#dropRest();
    const chunked = response.chunkedEncoding;
    // From here on the frames are ours.
    response.chunkedEncoding = false;
    return (this.#outgoing = new NodeOutgoing(response, breakOff, { chunked }));
  }

  #dropRest(): void {
    if (!this.#request.readableEnded) this.#request.resume();
  }
}
