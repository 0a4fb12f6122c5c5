import type {
  Call,
  CallOptions,
  ListPage,
  ListScope,
  RawRequest,
  RawResponse,
  Reference,
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
    for await (const event of this.#inner.watch(watch, options)) yield frozen(event);
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

/** What is handed out by reference is frozen when it is opened. */
function frozen<T>(event: WatchEvent<T>): WatchEvent<T> {
  if (event.type === "BOOKMARK" || !event.reference) return deepFreeze(event);
  const { type, reference } = event;
  return {
    type,
    reference: new FrozenReference(reference),
    get object() {
      return deepFreeze(event.object);
    },
  };
}

class FrozenReference<T> implements Reference<T> {
  readonly #inner: Reference<T>;

  constructor(inner: Reference<T>) {
    this.#inner = inner;
  }

  get key(): string {
    return this.#inner.key;
  }

  get revision(): number {
    return this.#inner.revision;
  }

  open(): T {
    return deepFreeze(this.#inner.open());
  }

  glance(): T {
    return deepFreeze(this.#inner.glance());
  }
}
