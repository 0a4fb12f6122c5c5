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
} from "#client/transport";
import type { AnyObject } from "#machinery/schema";
import { deepFreeze } from "./deep-freeze.ts";

/** Calls under way over all transports of one cluster. */
export interface Traffic {
  underWay: number;
}

/** Passes everything on, counts what is under way, and freezes what is handed out so that changes in place are found. */
export class TestTransport implements Transport {
  readonly sharesObjects: boolean | undefined;
  readonly #inner: Transport;
  readonly #traffic: Traffic;

  constructor(inner: Transport, traffic: Traffic) {
    this.#inner = inner;
    this.#traffic = traffic;
    this.sharesObjects = inner.sharesObjects;
  }

  call<T extends AnyObject>(call: Call<T>, options?: CallOptions): Promise<unknown> {
    return this.#counted(async () => deepFreeze(await this.#inner.call(call, options)));
  }

  list<T extends AnyObject>(scope: ListScope<T>, options?: CallOptions): Promise<ListPage<T>> {
    return this.#counted(async () => deepFreeze(await this.#inner.list(scope, options)));
  }

  async *watch<T extends AnyObject>(
    watch: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    for await (const event of this.#inner.watch(watch, options)) yield deepFreeze(event);
  }

  raw(request: RawRequest, options?: CallOptions): Promise<RawResponse> {
    return this.#counted(() => this.#inner.raw(request, options));
  }

  async #counted<R>(call: () => Promise<R>): Promise<R> {
    this.#traffic.underWay++;
    try {
      return await call();
    } finally {
      this.#traffic.underWay--;
    }
  }
}
