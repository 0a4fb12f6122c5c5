import type { CancelTimer, Clock } from "#base/clock";
import type { Random } from "#base/random";

/** Beats that are due within this time are done together. */
const GRAIN_MS = 20;

interface Beat {
  readonly name: string;
  dueMs: number;
}

export interface HeartbeatsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly periodMs: number;
  /** Starts one beat; never fails and is not waited for. */
  readonly beat: (name: string) => void;
}

/** Regular beats of many, spread evenly over the period, on one timer. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  /** Ordered by when they are due: all have the same period, so what has beaten goes to the end. */
  #beats: Beat[] = [];
  readonly #stopped = new Set<string>();
  #cancel: CancelTimer | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** The first beat comes after a random part of the period. */
  add(name: string): void {
    const { clock, random, periodMs } = this.#options;
    if (this.#stopped.delete(name)) return;
    const dueMs = clock.monotonic() + random.next() * periodMs;
    const after = this.#beats.findIndex((other) => other.dueMs > dueMs);
    this.#beats.splice(after < 0 ? this.#beats.length : after, 0, { name, dueMs });
    this.#schedule();
  }

  remove(name: string): void {
    if (this.#beats.some((beat) => beat.name === name)) this.#stopped.add(name);
  }

  close(): void {
    this.#cancel?.();
    this.#beats = [];
  }

  #schedule(): void {
    this.#cancel?.();
    const [first] = this.#beats;
    if (!first) return;
    const { clock } = this.#options;
    this.#cancel = clock.after(first.dueMs - clock.monotonic(), () => this.#run());
  }

  #run(): void {
    const { clock, periodMs, beat } = this.#options;
    const untilMs = clock.monotonic() + GRAIN_MS;
    const later = this.#beats.findIndex(({ dueMs }) => dueMs > untilMs);
    const due = this.#beats.splice(0, later < 0 ? this.#beats.length : later);
    for (const one of due) {
      if (this.#stopped.delete(one.name)) continue;
      one.dueMs += periodMs;
      this.#beats.push(one);
      beat(one.name);
    }
    this.#schedule();
  }
}
