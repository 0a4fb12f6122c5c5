import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "#base/clock";
import type { Credentials } from "../contracts.ts";
import type { Exchange, Headers, OutgoingStream, RawExchange } from "./exchange.ts";
import { StreamExchange } from "./node-exchange.ts";
import { NodeOutgoing } from "./outgoing.ts";

/** A request over HTTP/1.1. */
export class H1Exchange extends StreamExchange implements Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    clock: Clock,
    peer: Omit<Credentials, "header">,
  ) {
    const { method, url, headers } = request;
    super({ method, target: url, headers, peer }, request, response, clock);
    this.#request = request;
    this.#response = response;
    // Node's parser tells nobody of what is malformed behind a wish for another protocol that was not granted.
    if (headers.upgrade !== undefined) response.shouldKeepAlive = false;
  }

  headerValues(name: string): readonly string[] {
    // Most are asked for and not there, while to tell all of them apart costs as much as an authentication.
    if (this.#request.headers[name] === undefined) return [];
    return this.#request.headersDistinct[name] ?? [];
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
    this.repliedBytes = body?.length ?? 0;
    response.writeHead(status, { ...headers, "content-length": body?.length ?? 0 } as Record<
      string,
      string | number
    >);
    response.end(this.method === "HEAD" ? undefined : body);
    this.dropRest();
  }

  open(status: number, headers: Headers): OutgoingStream {
    const response = this.#response;
    const breakOff = () => this.breakOff();
    // One that was answered in the meantime, as when its time was over.
    if (response.headersSent) return new NodeOutgoing(response, breakOff);
    this.status = status;
    response.writeHead(status, headers as Record<string, string>);
    response.flushHeaders();
    this.dropRest();
    const chunked = response.chunkedEncoding;
    // From here on the frames are ours.
    response.chunkedEncoding = false;
    return (this.outgoing = new NodeOutgoing(response, breakOff, { chunked }));
  }
}
