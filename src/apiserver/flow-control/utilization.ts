import type { Histogram } from "../instruments/histogram.ts";
import { TimedHistogram } from "../instruments/timed-histogram.ts";

const DEMAND = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];
const SEATS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const REQUESTS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];

/** What one level uses now, and what it has. */
export interface Usage {
  /** Seats in use and waited for. */
  readonly demand: number;
  readonly seatsInUse: number;
  readonly executing: number;
  readonly waiting: number;
  /** Seats by shares, and those to be had now. */
  readonly nominal: number;
  readonly limit: number;
  /** Requests that may wait in all queues together. */
  readonly room: number;
}

/** How full a level was, over time. */
export class Utilization {
  readonly #demand: TimedHistogram;
  readonly #seats: TimedHistogram;
  readonly #executing: TimedHistogram;
  readonly #waiting: TimedHistogram;

  /** Times are monotonic milliseconds. */
  constructor(nowMs: number) {
    this.#demand = new TimedHistogram(DEMAND, nowMs);
    this.#seats = new TimedHistogram(SEATS, nowMs);
    this.#executing = new TimedHistogram(REQUESTS, nowMs);
    this.#waiting = new TimedHistogram(REQUESTS, nowMs);
  }

  note({ demand, seatsInUse, executing, waiting, nominal, limit, room }: Usage, nowMs: number): void {
    this.#demand.set(demand / Math.max(nominal, 1), nowMs);
    this.#seats.set(seatsInUse / Math.max(limit, 1), nowMs);
    this.#executing.set(executing / Math.max(limit, 1), nowMs);
    this.#waiting.set(waiting / Math.max(room, 1), nowMs);
  }

  /** Until now. */
  read(nowMs: number): {
    readonly demand: Histogram;
    readonly seats: Histogram;
    readonly executing: Histogram;
    readonly waiting: Histogram;
  } {
    return {
      demand: this.#demand.read(nowMs),
      seats: this.#seats.read(nowMs),
      executing: this.#executing.read(nowMs),
      waiting: this.#waiting.read(nowMs),
    };
  }
}
