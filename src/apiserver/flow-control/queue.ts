import { type Ticket, seatsOf } from "./ticket.ts";
import type { WorkEstimate } from "./work-estimate.ts";

/** Milliseconds that a request is thought to take until it has shown how many it took. */
export const SERVICE_MS = 3;

/** Seats times milliseconds. */
export const workOf = ({ initialSeats, finalSeats, additionalMs }: WorkEstimate): number =>
  initialSeats * SERVICE_MS + finalSeats * additionalMs;

/** Requests of a few flows that wait for each other, in the order in which they came. */
export class Queue {
  /** The virtual time at which its next request would begin, were every queue served at the same rate. */
  nextDispatchR = 0;
  executing = 0;
  /** Of requests that run, and of those that have run and whose watchers are still being told. */
  seatsInUse = 0;
  /** Of requests that wait. */
  waitingSeats = 0;
  waitingWork = 0;
  readonly waiting: Ticket[] = [];

  get active(): boolean {
    return this.executing > 0 || this.waiting.length > 0;
  }

  get idle(): boolean {
    return !this.active && this.seatsInUse === 0;
  }

  /** Seats times milliseconds that are before a request which comes now. */
  get load(): number {
    return this.waitingWork + this.seatsInUse * SERVICE_MS;
  }

  push(ticket: Ticket): void {
    this.waiting.push(ticket);
    this.#count(ticket.work, 1);
  }

  /** Takes the oldest out. */
  shift(): Ticket | undefined {
    const ticket = this.waiting.shift();
    if (ticket) this.#count(ticket.work, -1);
    return ticket;
  }

  /** Takes one out that gives up. */
  remove(ticket: Ticket): boolean {
    const index = this.waiting.indexOf(ticket);
    if (index < 0) return false;
    this.waiting.splice(index, 1);
    this.#count(ticket.work, -1);
    return true;
  }

  /** No request begins before it came: time in which a queue was empty is no credit. */
  bound(): void {
    const oldest = this.waiting[0];
    if (oldest && this.nextDispatchR < oldest.arrivalR) this.nextDispatchR = oldest.arrivalR;
  }

  #count(work: WorkEstimate, sign: 1 | -1): void {
    this.waitingSeats += sign * seatsOf(work);
    this.waitingWork += sign * workOf(work);
  }
}
