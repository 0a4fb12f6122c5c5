import { Queue, workOf } from "./queue.ts";
import type { Ticket } from "./ticket.ts";

/**
 * The queues of one level, and who of them is next. A meter of progress, in seats times milliseconds, runs as fast as
 * each queue would be served if all that hold requests were served at once, at the same rate. What was served is put on
 * the account of its queue; the queue whose oldest request would be done first by these accounts is next.
 */
export class FairQueues {
  readonly all: Queue[] = [];
  /** What the meter said when a request was last taken from a queue, and the time at which that was to begin. */
  takenR = 0;
  takenS = 0;
  #deckSize = 0;
  #handSize = 0;
  #currentR = 0;
  #syncedMs: number;
  #active = 0;
  #lastServed = 0;
  #offset = 0;

  /** Times are monotonic milliseconds. */
  constructor(nowMs: number) {
    this.#syncedMs = nowMs;
  }

  /** Queues that requests are put into; 0 where they do not wait. */
  get deckSize(): number {
    return this.#deckSize;
  }

  /** Queues that one flow may use. */
  get handSize(): number {
    return this.#handSize;
  }

  /** What the meter says. */
  get currentR(): number {
    return this.#currentR;
  }

  resize(deckSize: number, handSize: number): void {
    this.#deckSize = deckSize;
    this.#handSize = handSize;
    while (this.all.length < deckSize) this.all.push(new Queue());
    this.trim();
  }

  /** Queues beyond those that are wanted stay until they are empty. */
  trim(): void {
    while (this.all.length > this.#deckSize && this.all.at(-1)!.idle) this.all.pop();
  }

  /** Moves the meter on. Before every change of what is served or waits; `seats`: in use and waited for since the last time. */
  sync(nowMs: number, seats: number): void {
    const spanMs = nowMs - this.#syncedMs;
    if (spanMs <= 0) return;
    this.#syncedMs = nowMs;
    if (this.#active > 0) this.#currentR += (spanMs * seats) / this.#active;
  }

  /** Finds the request's queue, the least loaded of those that its flow may use. It joins by running or by waiting there. */
  enter(ticket: Ticket): Queue {
    const queue = this.#choose(ticket);
    if (!queue.active) {
      // Time in which it was empty is no credit.
      queue.nextDispatchR = this.#currentR;
      this.#active++;
    }
    ticket.queue = queue;
    ticket.arrivalR = this.#currentR;
    return queue;
  }

  /** One of the queue's requests has been served, or has given up. */
  left(queue: Queue): void {
    if (!queue.active) this.#active--;
  }

  /** The queue whose oldest request would be done first; of equals, the one behind the last that was served. */
  next(): Queue | undefined {
    const { all } = this;
    let best: Queue | undefined;
    let bestFinish = Infinity;
    for (let step = 1; step <= all.length; step++) {
      const queue = all[(this.#lastServed + step) % all.length]!;
      const oldest = queue.waiting[0];
      if (!oldest) continue;
      const finish = queue.nextDispatchR + workOf(oldest.work);
      if (finish < bestFinish) [best, bestFinish] = [queue, finish];
    }
    return best;
  }

  /** Its oldest request is taken out to be served. */
  take(queue: Queue): void {
    this.#lastServed = this.all.indexOf(queue);
    this.takenR = this.#currentR;
    this.takenS = queue.nextDispatchR;
    queue.shift();
  }

  #choose({ flow, user, info }: Ticket): Queue {
    const distinguisher = this.#deckSize > 1 ? flow.distinguisherOf(user, info) : "";
    const hand = flow.hand(distinguisher, this.#deckSize, this.#handSize);
    const offset = this.#offset++ % hand.length;
    let best = this.all[hand[offset]!]!;
    for (let step = 1; step < hand.length && best.load > 0; step++) {
      const queue = this.all[hand[(offset + step) % hand.length]!]!;
      if (queue.load < best.load) best = queue;
    }
    return best;
  }
}
