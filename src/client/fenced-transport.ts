import type { AnyObject } from "#machinery/schema";
import type {
  Call,
  CallOptions,
  ListPage,
  ListScope,
  RawRequest,
  RawResponse,
  Transport,
  Watch,
  WatchEvent,
} from "./transport.ts";

/** A write was not sent, as it was not this process's to make any more. */
export class Fenced extends Error {
  override readonly name = "Fenced";
  constructor() {
    super("leadership was lost: nothing is written any more");
  }
}

/** Sends no writes but those of a leader's term; reads always. */
export class FencedTransport implements Transport {
  readonly #inner: Transport;
  readonly #term: { readonly holds: boolean };

  constructor(inner: Transport, term: { readonly holds: boolean }) {
    this.#inner = inner;
    this.#term = term;
  }

  get sharesObjects(): boolean | undefined {
    return this.#inner.sharesObjects;
  }

  async call<T extends AnyObject>(call: Call<T>, options?: CallOptions): Promise<unknown> {
    if (call.verb !== "get") this.#check();
    return this.#inner.call(call, options);
  }

  list<T extends AnyObject>(scope: ListScope<T>, options?: CallOptions): Promise<ListPage<T>> {
    return this.#inner.list(scope, options);
  }

  watch<T extends AnyObject>(
    watch: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    return this.#inner.watch(watch, options);
  }

  async raw(request: RawRequest, options?: CallOptions): Promise<RawResponse> {
    if (request.method !== "GET" && request.method !== "HEAD") this.#check();
    return this.#inner.raw(request, options);
  }

  #check(): void {
    if (!this.#term.holds) throw new Fenced();
  }
}
