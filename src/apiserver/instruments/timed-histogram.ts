import { Histogram } from "./histogram.ts";

const NANOS_PER_MS = 1e6;

/** How long a value was in each bucket, in nanoseconds: as if it were observed at every one of them. */
export class TimedHistogram {
  readonly #histogram: Histogram;
  #value = 0;
  #sinceMs: number;

  /** `bounds`: upper ones, ascending. Times are monotonic milliseconds. */
  constructor(bounds: readonly number[], nowMs: number) {
    this.#histogram = new Histogram(bounds);
    this.#sinceMs = nowMs;
  }

  set(value: number, nowMs: number): void {
    this.#settle(nowMs);
    this.#value = value;
  }

  /** All until now. */
  read(nowMs: number): Histogram {
    this.#settle(nowMs);
    return this.#histogram;
  }

  #settle(nowMs: number): void {
    const spanMs = nowMs - this.#sinceMs;
    if (spanMs <= 0) return;
    this.#sinceMs = nowMs;
    this.#histogram.observe(this.#value, spanMs * NANOS_PER_MS);
  }
}
