import type { CancelTimer, Clock } from "#base/clock";
import type { QueueMeters } from "./queue-meters.ts";

/** The delay before a key is tried again after its first failure; it doubles with every further one. */
const RETRY_MS = 5;
const RETRY_MS_MAX = 300_000;

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Keys worked on at the same time. */
  readonly workers: number;
  /** Does the work for one key; never fails. */
  readonly work: (key: string) => Promise<Worked>;
  /** Told of each key's way. */
  readonly meters?: QueueMeters;
  /** Keys are taken in, and wait until `release`. */
  readonly held?: boolean;
}

export interface Worked {
  /** The key is held back until this resolves. */
  readonly until?: Promise<void> | undefined;
}

/**
 * Keys that need work, each once however often it is added, and never the same key twice at a time: a key added
 * while it is worked on comes again afterwards.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  /** Keys at work or held back; true when added again meanwhile. */
  readonly #busy = new Map<string, boolean>();
  readonly #later = new Map<string, { readonly dueMs: number; readonly cancel: CancelTimer }>();
  readonly #failures = new Map<string, number>();
  #working = 0;
  #dispatching = false;
  #held: boolean;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#held = options.held ?? false;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#busy.has(key)) this.#busy.set(key, true);
    else if (!this.#ready.has(key)) {
      this.#ready.add(key);
      this.#options.meters?.added(key);
      this.#dispatchSoon();
    }
  }

  /** Work begins. */
  release(): void {
    this.#held = false;
    if (this.#ready.size > 0) this.#dispatchSoon();
  }

  /** Adds the key after a while. Of several such wishes the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) return this.add(key);
    if (this.#closed) return;
    const { clock } = this.#options;
    const dueMs = clock.monotonic() + delayMs;
    const known = this.#later.get(key);
    if (known && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = clock.after(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { dueMs, cancel });
  }

  /** Adds the key after its work has failed: later every time, until `succeeded`. The answer counts the failures. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#options.meters?.retried();
    this.addAfter(key, Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX));
    return failures + 1;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Takes no more keys; resolves when the work at hand has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ready.clear();
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    if (this.#working > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Starts work in the next turn of the event loop, so that a burst of changes becomes one pass. */
  #dispatchSoon(): void {
    if (this.#dispatching || this.#held) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const key of this.#ready) {
      if (this.#working >= this.#options.workers) return;
      this.#ready.delete(key);
      this.#busy.set(key, false);
      this.#working++;
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    const { work, meters } = this.#options;
    meters?.began(key);
    const { until } = await work(key);
    meters?.ended(key);
    this.#working--;
    if (this.#working === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#ready.size > 0) this.#dispatchSoon();
    await until;
    const again = this.#busy.get(key);
    this.#busy.delete(key);
    if (again) this.add(key);
  }
}
