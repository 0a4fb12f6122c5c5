import type { RequestInfo, User } from "../contracts.ts";
import type { Flow } from "./flow.ts";
import type { Queue } from "./queue.ts";
import type { WorkEstimate } from "./work-estimate.ts";

/** Why a request is not served. */
export type Refusal = "queue-full" | "concurrency-limit" | "time-out" | "cancelled";

/** One request on its way through flow control. */
export interface Ticket {
  readonly flow: Flow;
  readonly work: WorkEstimate;
  readonly user: User;
  readonly info: RequestInfo;
  /** Epoch milliseconds. */
  readonly arrivedMs: number;
  /** Undefined where requests do not wait: they run at once or are refused. */
  queue: Queue | undefined;
  /** The level's virtual time when it came. */
  arrivalR: number;
  /** Monotonic milliseconds: when it came, and when it began to run. */
  queuedMs: number;
  startedMs: number;
  refused: Refusal | undefined;
  /** Ends its wait. */
  decided: (() => void) | undefined;
}

/** Seats that a request takes while it runs: those of its later phase are there from the start. */
export const seatsOf = ({ initialSeats, finalSeats }: WorkEstimate): number =>
  Math.max(initialSeats, finalSeats);
