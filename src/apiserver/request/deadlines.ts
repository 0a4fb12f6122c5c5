import type { CancelTimer, Clock } from "#base/clock";

/** Things that may all take equally long. There is one timer for the oldest, however many there are. */
export class Deadlines<T extends object> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: (item: T) => void;
  /** When each is due, in monotonic milliseconds; oldest first. */
  readonly #due = new Map<T, number>();
  #cancel: CancelTimer | undefined;

  /** `onExpired` is called for what has been here for `limitMs`; it is gone by then. */
  constructor(clock: Clock, limitMs: number, onExpired: (item: T) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  /** `nowMs`: the monotonic time. */
  add(item: T, nowMs: number): void {
    this.#due.set(item, nowMs + this.#limitMs);
    this.#cancel ??= this.#clock.after(this.#limitMs, () => this.#expire());
  }

  delete(item: T): void {
    this.#due.delete(item);
  }

  /** Nothing expires any more. */
  close(): void {
    this.#cancel?.();
    this.#due.clear();
  }

  #expire(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.monotonic();
    for (const [item, dueMs] of this.#due) {
      // Timers may be early by a fraction.
      if (dueMs > nowMs + 1) {
        this.#cancel = this.#clock.after(dueMs - nowMs, () => this.#expire());
        return;
      }
      this.#due.delete(item);
      this.#onExpired(item);
    }
  }
}
