/** Milliseconds of one window of counting. */
const WINDOW_MS = 1_000;
/** Seconds; the longest that clients are told to stay away, and what they are told at first. */
const RETRY_AFTER_MAX = 32;
const RETRY_AFTER_MIN = 1;
/** A level that refuses so many in a second is overrun. */
const DROPS_PER_RETRY_SECOND = 3;

/** How long clients of one priority level are told to wait: longer the longer many are refused. */
export class DroppedRequests {
  #windowMs = 0;
  #dropped = 0;
  #retryAfter = RETRY_AFTER_MIN;
  #changedMs = 0;

  get retryAfterSeconds(): number {
    return this.#retryAfter;
  }

  /** `nowMs`: the monotonic time. */
  record(nowMs: number): void {
    if (nowMs - this.#windowMs >= WINDOW_MS) this.#nextWindow(nowMs);
    this.#dropped++;
  }

  /** Half of the time is enough when fewer come than could, and twice as much is needed when more do. */
  #nextWindow(nowMs: number): void {
    const missed = Math.floor((nowMs - this.#windowMs) / WINDOW_MS);
    const dropped = missed > 1 ? 0 : this.#dropped;
    this.#windowMs = nowMs;
    this.#dropped = 0;
    // What was told last time must have had its effect before it is judged.
    if (nowMs - this.#changedMs < this.#retryAfter * WINDOW_MS) return;
    const before = this.#retryAfter;
    if (dropped < DROPS_PER_RETRY_SECOND * before) this.#retryAfter = Math.max(before / 2, RETRY_AFTER_MIN);
    else if (dropped >= 2 * DROPS_PER_RETRY_SECOND * before)
      this.#retryAfter = Math.min(before * 2, RETRY_AFTER_MAX);
    if (this.#retryAfter !== before) this.#changedMs = nowMs;
  }
}
