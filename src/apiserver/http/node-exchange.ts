import type { IncomingHttpHeaders } from "node:http";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "#base/clock";
import type { Credentials, HeaderSet } from "../contracts.ts";
import { readAll } from "./body.ts";
import type { NodeOutgoing } from "./outgoing.ts";

export interface Asked {
  readonly method: string | undefined;
  /** Path and query, as sent. */
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly peer: Omit<Credentials, "header">;
}

/** What requests to Node's servers have in common: who asks, and for what. */
export abstract class NodeExchange implements HeaderSet {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly credentials: Credentials;
  status = 0;
  readonly #headers: IncomingHttpHeaders;

  constructor({ method = "GET", target = "/", headers, peer }: Asked) {
    const mark = target.indexOf("?");
    this.method = method;
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.search = mark < 0 ? "" : target.slice(mark + 1);
    this.#headers = headers;
    this.credentials = { path: this.path, header: (name) => this.header(name), all: this, ...peer };
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  headerNames(): Iterable<string> {
    return Object.keys(this.#headers);
  }

  abstract headerValues(name: string): readonly string[];
}

/** One that comes and is answered by streams of its own: the client has gone when they close. */
export abstract class StreamExchange extends NodeExchange {
  /** Bytes of the body of an answer in one piece. */
  protected repliedBytes = 0;
  /** An answer in pieces. */
  protected outgoing: NodeOutgoing | undefined;
  readonly #incoming: Readable;
  readonly #answer: Writable;
  readonly #clock: Clock;
  #abort: AbortController | undefined;

  constructor(asked: Asked, incoming: Readable, answer: Writable, clock: Clock) {
    super(asked);
    this.#incoming = incoming;
    this.#answer = answer;
    this.#clock = clock;
    // An answer that breaks is the client's business; without a listener it would be ours.
    this.#answer.on("error", () => undefined);
  }

  readBody(bytesMax: number, withinMs: number): Promise<Buffer> {
    return readAll(this.#incoming, bytesMax, withinMs, this.#clock);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = (this.#abort = new AbortController());
      if (this.#answer.destroyed) abort.abort();
      else this.#answer.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }

  get sentBytes(): number {
    return this.outgoing?.bytes ?? this.repliedBytes;
  }

  get unsent(): boolean {
    return !this.#answer.writableFinished && !this.#answer.destroyed;
  }

  onSent(callback: () => void): void {
    this.#answer.once("close", callback);
  }

  /** A body that nobody reads would hold the connection, or the stream, open. */
  protected dropRest(): void {
    if (!this.#incoming.readableEnded) this.#incoming.resume();
  }
}
