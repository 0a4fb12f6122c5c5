import type { Clock } from "#base/clock";
import type { Store } from "#store/store";

/** One lease serves the objects of this many seconds, so that there are few of them. */
const SHARED_SECONDS = 60;

/** Leases for objects that expire, shared among those written within a minute. */
export class SharedLeases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttlSeconds: number;
  #current: Promise<number> | undefined;
  #until = 0;

  constructor(store: Store, clock: Clock, ttlSeconds: number) {
    this.#store = store;
    this.#clock = clock;
    this.#ttlSeconds = ttlSeconds;
  }

  /** A lease that keeps an object for at least the time to live, and a minute longer at most. */
  readonly take = (): Promise<number> => {
    const now = this.#clock.monotonic();
    if (!this.#current || now >= this.#until) {
      this.#until = now + SHARED_SECONDS * 1000;
      this.#current = this.#store.grantLease(this.#ttlSeconds + SHARED_SECONDS);
      this.#current.catch(() => (this.#current = undefined));
    }
    return this.#current;
  };
}
