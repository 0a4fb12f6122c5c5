import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Clock } from "#base/clock";
import type { Credentials, HeaderSet } from "../contracts.ts";
import { readAll } from "./body.ts";
import { NodeOutgoing } from "./outgoing.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";

const NO_BODY = { endStream: true };

/** A request on an HTTP/2 stream. */
export class H2Exchange implements Exchange, HeaderSet {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly credentials: Credentials;
  status = 0;
  #sentBytes = 0;
  #outgoing: NodeOutgoing | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #raw: readonly string[];
  readonly #clock: Clock;
  #abort: AbortController | undefined;

  /** `raw`: names and values of the headers in turn, as they came. */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
    clock: Clock,
    peer: Omit<Credentials, "header">,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#raw = raw;
    this.#clock = clock;
    this.method = headers[":method"] ?? "GET";
    const target = headers[":path"] ?? "/";
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.search = mark < 0 ? "" : target.slice(mark + 1);
    this.credentials = { path: this.path, header: (name) => this.header(name), all: this, ...peer };
    // A stream that breaks is the client's business; without a listener it would be ours.
    stream.on("error", () => undefined);
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#headers);
  }

  headerValues(name: string): readonly string[] {
    return this.#raw.filter((_, at) => at % 2 === 1 && this.#raw[at - 1] === name);
  }

  readBody(bytesMax: number, withinMs: number): Promise<Buffer> {
    return readAll(this.#stream, bytesMax, withinMs, this.#clock);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = (this.#abort = new AbortController());
      if (this.#stream.destroyed) abort.abort();
      else this.#stream.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }

  get sentBytes(): number {
    return this.#outgoing?.bytes ?? this.#sentBytes;
  }

  get unsent(): boolean {
    return !this.#stream.writableFinished && !this.#stream.destroyed;
  }

  onSent(callback: () => void): void {
    this.#stream.once("close", callback);
  }

  breakOff(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  get raw(): RawExchange {
    return { protocol: "h2", stream: this.#stream, headers: this.#headers };
  }

  reply(status: number, headers: Headers, body: Uint8Array | undefined): void {
    const stream = this.#stream;
    if (stream.headersSent) return;
    this.status = status;
    if (stream.destroyed) return;
    const length = body?.length ?? 0;
    this.#sentBytes = length;
    const all = { ":status": status, ...headers, "content-length": length } as Record<
      string,
      string | number
    >;
    if (length === 0 || this.method === "HEAD") stream.respond(all, NO_BODY);
    else {
      stream.respond(all);
      stream.end(body);
    }
    this.#refuseRest();
  }

  open(status: number, headers: Headers): OutgoingStream {
    const stream = this.#stream;
    const breakOff = () => this.breakOff();
    // One that was answered in the meantime, as when its time was over.
    if (stream.headersSent) return new NodeOutgoing(stream, breakOff);
    this.status = status;
    if (!stream.destroyed)
      stream.respond({ ":status": status, ...headers } as Record<string, string | number>);
    this.#refuseRest();
    return (this.#outgoing = new NodeOutgoing(stream, breakOff));
  }

  /** A body that nobody reads would hold the stream open. */
  #refuseRest(): void {
    if (!this.#stream.readableEnded) this.#stream.resume();
  }
}
