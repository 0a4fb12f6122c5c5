import { asError } from "#base/attempt";
import type { CancelTimer, Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { hasReason } from "#machinery/status";

const log = logger("apiserver.aggregation");

/** Waits before what failed is tried again: the first, and the longest. */
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

export interface RoundsOptions {
  readonly scope: Scope;
  readonly clock: Clock;
  /** What is being done, for the log. */
  readonly what: string;
  /** Looks at one of the names; resolves with the milliseconds until it wants to look again, if it does. */
  readonly look: (name: string, signal: AbortSignal) => Promise<number | undefined>;
}

/** Looks at names that something has happened to: one round at a time each, and once more for what came meanwhile. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, CancelTimer>();
  readonly #failures = new Map<string, number>();

  constructor(options: RoundsOptions) {
    this.#options = options;
    options.scope.defer(() => {
      for (const cancel of this.#timers.values()) cancel();
    });
  }

  /** Resolves when the name has been looked at; does not fail. */
  mark(name: string): Promise<void> {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
    const running = this.#running.get(name);
    if (running) {
      this.#again.add(name);
      return running;
    }
    const { scope } = this.#options;
    if (scope.closed) return Promise.resolve();
    const work = this.#rounds(name, scope.signal);
    this.#running.set(name, work);
    scope.run(() => work);
    return work;
  }

  async #rounds(name: string, signal: AbortSignal): Promise<void> {
    let nextMs: number | undefined;
    do {
      this.#again.delete(name);
      // oxlint-disable-next-line no-await-in-loop -- what came meanwhile is looked at with what is true by then
      nextMs = await this.#round(name, signal);
    } while (this.#again.has(name) && !signal.aborted);
    this.#running.delete(name);
    if (nextMs === undefined || signal.aborted) return;
    this.#timers.set(
      name,
      this.#options.clock.after(nextMs, () => void this.mark(name)),
    );
  }

  async #round(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { look, what } = this.#options;
    try {
      const nextMs = await look(name, signal);
      this.#failures.delete(name);
      return nextMs;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failures = this.#failures.get(name) ?? 0;
      this.#failures.set(name, failures + 1);
      // Somebody else was faster: that is a change, and looked at as one.
      if (!hasReason(error, "Conflict", "NotFound", "AlreadyExists")) {
        log.warn("something could not be looked after", { name, what, error: asError(error) });
      }
      return Math.min(RETRY_MS_MIN * 2 ** failures, RETRY_MS_MAX);
    }
  }
}
