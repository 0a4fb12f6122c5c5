import type { Clock } from "#base/clock";
import type { Random } from "#base/random";

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Share of the delay that chance adds: 0 none, 1 up to twice as long. */
  readonly jitter: number;
  /** A pause this long between two failures starts afresh. */
  readonly resetAfterMs: number;
}

/** Delays that double from failure to failure, spread by chance so that many clients do not return at once. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #delayMs: number;
  #lastMs = -Infinity;

  constructor(options: BackoffOptions, clock: Clock, random: Random) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = options.initialMs;
  }

  /** How long to wait after the failure that just happened, in milliseconds. */
  nextMs(): number {
    const { initialMs, maxMs, jitter, resetAfterMs } = this.#options;
    const now = this.#clock.monotonic();
    if (now - this.#lastMs > resetAfterMs) this.#delayMs = initialMs;
    this.#lastMs = now;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, maxMs);
    return delayMs * (1 + jitter * this.#random.next());
  }

  reset(): void {
    this.#delayMs = this.#options.initialMs;
  }
}
