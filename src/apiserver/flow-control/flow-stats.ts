import { Histogram } from "../instruments/histogram.ts";
import type { Refusal } from "./ticket.ts";

const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000];
const WATCHES = [0, 1, 10, 100, 1000, 10_000];
const SEATS = [1, 2, 4, 10];

/** What one flow schema has done so far. */
export class FlowStats {
  dispatched = 0;
  waiting = 0;
  waitingSeats = 0;
  /** Times that a request was next and there were not enough seats for it. */
  notFitting = 0;
  executing = 0;
  /** Also of those whose watchers are still being told. */
  seatsInUse = 0;
  readonly refused = new Map<Refusal, number>();
  /** Seconds. */
  readonly waitedToRun = new Histogram(SECONDS);
  readonly waitedInVain = new Histogram(SECONDS);
  readonly execution = new Histogram(SECONDS);
  readonly queueLength = new Histogram(LENGTHS);
  readonly watches = new Histogram(WATCHES);
  readonly seats = new Histogram(SEATS);

  refuse(why: Refusal): void {
    this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
  }
}
