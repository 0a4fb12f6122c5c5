import type { CancelTimer, Clock } from "#base/clock";

/** One thing that waits, between the one that came before and the one that came after it. */
interface Entry<T> {
  readonly item: T;
  /** Monotonic milliseconds. */
  readonly dueMs: number;
  before: Entry<T> | undefined;
  after: Entry<T> | undefined;
  isOver: boolean;
}

/**
 * Things that may all take equally long. There is one timer for the oldest, however many there are. They are a list and
 * no Map: the tables that a Map leaves behind as it grows and shrinks hold on to what was in them, and at thousands of
 * requests a second the garbage collector copied all of those.
 */
export class Deadlines<T extends object> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: (item: T) => void;
  #oldest: Entry<T> | undefined;
  #newest: Entry<T> | undefined;
  #cancel: CancelTimer | undefined;

  /** `onExpired` is called for what has been here for `limitMs`; it is gone by then. */
  constructor(clock: Clock, limitMs: number, onExpired: (item: T) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  /** `nowMs`: the monotonic time. The answer takes it out again. */
  add(item: T, nowMs: number): CancelTimer {
    const before = this.#newest;
    const entry = { item, dueMs: nowMs + this.#limitMs, before, after: undefined, isOver: false };
    if (before) before.after = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#cancel ??= this.#clock.after(this.#limitMs, () => this.#expire());
    return () => this.#remove(entry);
  }

  /** Nothing expires any more. */
  close(): void {
    this.#cancel?.();
    while (this.#oldest) this.#remove(this.#oldest);
  }

  #remove(entry: Entry<T>): void {
    if (entry.isOver) return;
    const { before, after } = entry;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    entry.isOver = true;
    entry.before = undefined;
    entry.after = undefined;
  }

  #expire(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.monotonic();
    // Timers may be early by a fraction.
    while (this.#oldest && this.#oldest.dueMs <= nowMs + 1) {
      const { item } = this.#oldest;
      this.#remove(this.#oldest);
      this.#onExpired(item);
    }
    if (this.#oldest) this.#cancel = this.#clock.after(this.#oldest.dueMs - nowMs, () => this.#expire());
  }
}
