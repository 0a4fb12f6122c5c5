import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, sleep } from "#base/clock";
import { VirtualClock } from "#base/virtual-clock";

/** Turns of the event loop without any sign of life after which nothing more is to come. */
const CALM_TURNS = 12;
/** A cluster that is still busy after so many turns goes round in a circle. */
const TURNS_MAX = 2_000_000;
/** Retries after conflicts are made within this time; what is due later is no unfinished work. */
const RETRY_MS = 100;
const RETRIES_MS_MAX = 1_000;
/** On the machine's clock: a pause this long means that nothing more is to come. */
const REAL_CALM_MS = 60;
const REAL_STEP_MS = 5;

/** Tells when nothing happens any more in a cluster that lives in this process. */
export class Calm {
  readonly #clock: Clock;
  readonly #busy: () => boolean;
  readonly #progress: () => number;

  /** `busy`: something is under way. `progress`: a number that changes when something has happened. */
  constructor(clock: Clock, busy: () => boolean, progress: () => number) {
    this.#clock = clock;
    this.#busy = busy;
    this.#progress = progress;
  }

  /** Resolves when all that is under way has come to its end. A virtual clock moves on by retries only. */
  async settle(): Promise<void> {
    const clock = this.#clock;
    if (!(clock instanceof VirtualClock)) return this.#realCalm(clock);
    const endMs = clock.now() + RETRIES_MS_MAX;
    for (;;) {
      await this.#calm();
      const dueMs = clock.nextDue();
      if (dueMs === undefined || dueMs > endMs || dueMs > clock.now() + RETRY_MS) return;
      await clock.advance(dueMs - clock.now());
    }
  }

  /** Lets time pass. A virtual clock stops at every timer until what it started has come to its end. */
  async advance(ms: number): Promise<void> {
    const clock = this.#clock;
    if (!(clock instanceof VirtualClock)) return sleep(clock, ms);
    const endMs = clock.now() + ms;
    await this.#calm();
    for (let dueMs = clock.nextDue(); dueMs !== undefined && dueMs <= endMs; dueMs = clock.nextDue()) {
      await clock.advance(Math.max(0, dueMs - clock.now()));
      await this.#calm();
    }
    await clock.advance(endMs - clock.now());
    await this.#calm();
  }

  /** Lets time pass until it holds; false when `withinMs` was not enough. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const clock = this.#clock;
    const endMs = clock.monotonic() + withinMs;
    while (!holds()) {
      if (clock.monotonic() >= endMs) return false;
      if (!(clock instanceof VirtualClock)) await sleep(clock, REAL_STEP_MS);
      else if (!(await this.#calm(holds))) {
        const leftMs = endMs - clock.monotonic();
        await clock.advance(Math.min(leftMs, Math.max(0, (clock.nextDue() ?? Infinity) - clock.now())));
      }
    }
    return true;
  }

  /** True as soon as it holds, false when it does not and nothing happens any more. */
  async #calm(holds: () => boolean = () => false): Promise<boolean> {
    let before = this.#progress();
    for (let still = 0, turns = 0; still < CALM_TURNS; turns++) {
      if (holds()) return true;
      if (turns > TURNS_MAX) throw new Error("the cluster does not come to rest");
      await nextTurn();
      const now = this.#progress();
      still = this.#busy() || now !== before ? 0 : still + 1;
      before = now;
    }
    return holds();
  }

  async #realCalm(clock: Clock): Promise<void> {
    let before = this.#progress();
    for (let sinceMs = clock.monotonic(); clock.monotonic() - sinceMs < REAL_CALM_MS;) {
      await sleep(clock, REAL_STEP_MS);
      const now = this.#progress();
      if (this.#busy() || now !== before) sinceMs = clock.monotonic();
      before = now;
    }
  }
}
