import type { Clock } from "#base/clock";
import { counter, growingBounds, histogram, type Measures, type Meter } from "#base/measures";
import type { Scope } from "#base/scope";

const SECONDS = growingBounds(1e-8, 10, 12);

const ADDS = counter("workqueue_adds_total", "Keys that were added to a queue.");
const RETRIES = counter("workqueue_retries_total", "Keys that came again because their work had failed.");
const WAITED = histogram(
  "workqueue_queue_duration_seconds",
  "How long keys waited for a worker, in seconds.",
  SECONDS,
);
const WORKED = histogram(
  "workqueue_work_duration_seconds",
  "How long the work for a key took, in seconds.",
  SECONDS,
);
const DEPTH = { name: "workqueue_depth", help: "Keys that wait for a worker now." };
const UNFINISHED = {
  name: "workqueue_unfinished_work_seconds",
  help: "How long the work at hand has taken so far, all of it together, in seconds.",
};
const LONGEST = {
  name: "workqueue_longest_running_processor_seconds",
  help: "How long the oldest work at hand has taken so far, in seconds.",
};

export interface QueueMetersOptions {
  readonly measures: Measures;
  /** Of the queue. */
  readonly name: string;
  readonly clock: Clock;
  /** The queue is shown until it closes. */
  readonly scope: Scope;
}

/** What is counted of one work queue. */
export class QueueMeters {
  readonly #clock: Clock;
  readonly #adds: Meter;
  readonly #retries: Meter;
  readonly #waited: Meter;
  readonly #worked: Meter;
  /** Since when each key waits, and since when it is worked on, in monotonic milliseconds. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Map<string, number>();

  constructor({ measures, name, clock, scope }: QueueMetersOptions) {
    const labels = { name };
    this.#clock = clock;
    this.#adds = measures.meter(ADDS, labels);
    this.#retries = measures.meter(RETRIES, labels);
    this.#waited = measures.meter(WAITED, labels);
    this.#worked = measures.meter(WORKED, labels);
    const shown = [
      measures.watch(DEPTH, () => [{ labels, value: this.#waiting.size }]),
      measures.watch(UNFINISHED, () => [{ labels, value: this.#unfinished((sum, one) => sum + one) }]),
      measures.watch(LONGEST, () => [{ labels, value: this.#unfinished(Math.max) }]),
    ];
    for (const stop of shown) scope.defer(stop);
  }

  added(key: string): void {
    this.#adds.add(1);
    this.#waiting.set(key, this.#clock.monotonic());
  }

  retried(): void {
    this.#retries.add(1);
  }

  began(key: string): void {
    const nowMs = this.#clock.monotonic();
    const sinceMs = this.#waiting.get(key);
    if (sinceMs !== undefined) this.#waited.add((nowMs - sinceMs) / 1000);
    this.#waiting.delete(key);
    this.#working.set(key, nowMs);
  }

  ended(key: string): void {
    const sinceMs = this.#working.get(key);
    if (sinceMs !== undefined) this.#worked.add((this.#clock.monotonic() - sinceMs) / 1000);
    this.#working.delete(key);
  }

  #unfinished(join: (sum: number, one: number) => number): number {
    const nowMs = this.#clock.monotonic();
    let seconds = 0;
    for (const sinceMs of this.#working.values()) seconds = join(seconds, (nowMs - sinceMs) / 1000);
    return seconds;
  }
}
