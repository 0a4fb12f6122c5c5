import { asError } from "./attempt.ts";

/**
 * The life of a component. Work belongs to a scope; closing it aborts the signal, waits for all the work and
 * then runs the cleanups, last registered first.
 */
export class Scope {
  readonly #abort = new AbortController();
  readonly #work = new Set<Promise<void>>();
  readonly #cleanups: (() => unknown)[] = [];
  readonly #onError: (error: Error) => void;
  #closed: Promise<void> | undefined;

  /** `onError` hears of work that failed while the scope was open; an error in no scope of ours ends the process. */
  constructor(onError: (error: Error) => void = rethrow) {
    this.#onError = onError;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get closed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Starts long-lived work. Its failure is reported once, unless the scope is closing. */
  run(work: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.closed) return;
    const running = work(this.signal).then(
      () => undefined,
      (thrown) => {
        if (!this.closed) this.#onError(asError(thrown));
      },
    );
    this.#work.add(running);
    void running.finally(() => this.#work.delete(running));
  }

  /** Runs at close, after all work has ended. One that fails keeps no other from running; `close` rejects with it. */
  defer(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** A scope that ends with this one, or earlier. */
  child(): Scope {
    const child = new Scope(this.#onError);
    this.run(async (signal) => {
      await new Promise<void>((resolve) => {
        // A scope may live long and have many children: nothing of one stays behind.
        signal.addEventListener("abort", () => resolve(), { once: true, signal: child.signal });
        child.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await child.close();
    });
    return child;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#abort.abort(new ScopeClosed());
    while (this.#work.size > 0) await Promise.all(this.#work);
    const failures: unknown[] = [];
    for (const cleanup of this.#cleanups.toReversed()) {
      try {
        await cleanup();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  }
}

/** Why a signal of a scope was aborted. */
export class ScopeClosed extends Error {
  override readonly name = "AbortError";
  constructor() {
    super("the scope was closed");
  }
}

function rethrow(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}
