import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Clock } from "#base/clock";
import type { Credentials } from "../contracts.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";
import { StreamExchange } from "./node-exchange.ts";
import { NodeOutgoing } from "./outgoing.ts";

const NO_BODY = { endStream: true };

/** A request on an HTTP/2 stream. */
export class H2Exchange extends StreamExchange implements Exchange {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #raw: readonly string[];

  /** `raw`: names and values of the headers in turn, as they came. */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
    clock: Clock,
    peer: Omit<Credentials, "header">,
  ) {
    const { ":method": method, ":path": target } = headers;
    super({ method, target, headers, peer }, stream, stream, clock);
    this.#stream = stream;
    this.#headers = headers;
    this.#raw = raw;
  }

  headerValues(name: string): readonly string[] {
    return this.#raw.filter((_, at) => at % 2 === 1 && this.#raw[at - 1] === name);
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
    this.repliedBytes = length;
    const all = { ":status": status, ...headers, "content-length": length } as Record<
      string,
      string | number
    >;
    if (length === 0 || this.method === "HEAD") stream.respond(all, NO_BODY);
    else {
      stream.respond(all);
      stream.end(body);
    }
    this.dropRest();
  }

  open(status: number, headers: Headers): OutgoingStream {
    const stream = this.#stream;
    const breakOff = () => this.breakOff();
    // One that was answered in the meantime, as when its time was over.
    if (stream.headersSent) return new NodeOutgoing(stream, breakOff);
    this.status = status;
    if (!stream.destroyed)
      stream.respond({ ":status": status, ...headers } as Record<string, string | number>);
    this.dropRest();
    return (this.outgoing = new NodeOutgoing(stream, breakOff));
  }
}
