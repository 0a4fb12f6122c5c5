import type { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { Clock } from "#base/clock";
import { Deadlines } from "../request/deadlines.ts";
import { DroppedRequests } from "./dropped-requests.ts";
import { FairQueues } from "./fair-queues.ts";
import { type Queue, SERVICE_MS, workOf } from "./queue.ts";
import { SeatDemand } from "./seat-demand.ts";
import { type Refusal, type Ticket, seatsOf } from "./ticket.ts";
import { Utilization } from "./utilization.ts";

/** What a level's seats are worked out from. */
export interface SeatLimits {
  /** By its shares. */
  readonly nominal: number;
  /** What is left when it has lent all that it may. */
  readonly min: number;
  /** With all that it may borrow. */
  readonly max: number;
}

export interface PriorityLevelOptions {
  readonly clock: Clock;
  /** Milliseconds that a request may wait. */
  readonly waitMs: number;
  /** Called when the last request of a level that is no longer wanted has ended. */
  readonly onIdle: () => void;
}

/**
 * Seats that some flows share, and the queues in which their requests wait for one: flows with few requests overtake
 * those with many.
 */
export class PriorityLevel {
  configuration: PriorityLevelConfiguration;
  limits: SeatLimits = { nominal: 0, min: 0, max: 0 };
  /** No longer wanted; here until it is idle. */
  quiescing = false;
  readonly demand: SeatDemand;
  readonly utilization: Utilization;
  readonly dropped = new DroppedRequests();
  seatsInUse = 0;
  executing = 0;
  waiting = 0;
  #limit = 0;
  #waitingSeats = 0;
  #lengthMax = 0;
  readonly #queues: FairQueues;
  readonly #options: PriorityLevelOptions;
  readonly #waits: Deadlines<Ticket>;
  /** Have been served; their seats are free at the end of this turn. */
  #served: Ticket[] = [];

  constructor(configuration: PriorityLevelConfiguration, options: PriorityLevelOptions) {
    const { clock, waitMs } = options;
    this.configuration = configuration;
    this.#options = options;
    const nowMs = clock.monotonic();
    this.demand = new SeatDemand(nowMs);
    this.utilization = new Utilization(nowMs);
    this.#queues = new FairQueues(nowMs);
    this.#waits = new Deadlines(clock, waitMs, (ticket) => this.#giveUp(ticket, "time-out"));
    this.configure(configuration);
  }

  get name(): string {
    return this.configuration.metadata.name;
  }

  get exempt(): boolean {
    return this.configuration.spec.type === "Exempt";
  }

  get idle(): boolean {
    return this.executing === 0 && this.waiting === 0 && this.seatsInUse === 0;
  }

  /** Seats to be had now. */
  get limit(): number {
    return this.#limit;
  }

  get queues(): readonly Queue[] {
    return this.#queues.all;
  }

  /** What the meter of progress says, in seats times milliseconds. */
  get currentR(): number {
    return this.#queues.currentR;
  }

  /** Of the request that was last taken from a queue: what the meter said, and when it was to begin. */
  get lastTaken(): { readonly r: number; readonly s: number } {
    return { r: this.#queues.takenR, s: this.#queues.takenS };
  }

  /** No single request takes more than 15 percent of the level's seats, divided by the queues that its flow may use. */
  get seatsMax(): number {
    return Math.max(1, Math.ceil((this.limits.nominal * 0.15) / Math.max(1, this.#queues.handSize)));
  }

  /** Also says that the level is wanted. */
  configure(configuration: PriorityLevelConfiguration): void {
    this.configuration = configuration;
    this.quiescing = false;
    const { queuing } = configuration.spec.limited?.limitResponse ?? {};
    this.#lengthMax = queuing?.queueLengthLimit ?? 0;
    this.#queues.resize(queuing?.queues ?? 0, queuing?.handSize ?? 0);
  }

  setLimit(seats: number): void {
    this.#sync(this.#options.clock.monotonic());
    this.#limit = seats;
    this.#dispatch();
  }

  /**
   * Begins to serve a request: at once, or when the promise resolves. Afterwards `ticket.refused` says whether it may
   * be served; if it may, `leave` must be called when it has been.
   */
  enter(ticket: Ticket, signal: () => AbortSignal): void | Promise<void> {
    if (this.exempt) return this.#run(ticket, ticket.queuedMs);
    this.#sync(ticket.queuedMs);
    if (this.#queues.deckSize === 0) {
      if (this.#fits(ticket)) return this.#run(ticket, ticket.queuedMs);
      return this.#refuse(ticket, "concurrency-limit");
    }
    return this.#enqueue(ticket, signal);
  }

  /** The request has been answered. */
  leave(ticket: Ticket): void {
    const nowMs = this.#options.clock.monotonic();
    const { stats } = ticket.flow;
    this.#sync(nowMs);
    this.executing--;
    stats.executing--;
    stats.execution.observe((nowMs - ticket.startedMs) / 1000);
    if (this.exempt) return this.#release(ticket, seatsOf(ticket.work), nowMs);
    // Most requests are served without a wait, one after the other: what counts is how many are in one turn.
    if (this.#served.push(ticket) === 1) setImmediate(() => this.#endTurn());
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#waits.close();
    for (const queue of this.queues) {
      for (const ticket of queue.waiting.slice()) this.#giveUp(ticket, "cancelled");
    }
  }

  #enqueue(ticket: Ticket, signal: () => AbortSignal): void | Promise<void> {
    const { stats } = ticket.flow;
    const queue = this.#queues.enter(ticket);
    if (this.waiting === 0 && this.#fits(ticket)) {
      stats.queueLength.observe(0);
      return this.#run(ticket, ticket.queuedMs);
    }
    if (queue.waiting.length >= this.#lengthMax) return this.#refuse(ticket, "queue-full");
    queue.push(ticket);
    queue.bound();
    stats.queueLength.observe(queue.waiting.length);
    this.waiting++;
    stats.waiting++;
    stats.waitingSeats += seatsOf(ticket.work);
    this.#waitingSeats += seatsOf(ticket.work);
    this.#noteDemand(ticket.queuedMs);
    this.#dispatch();
    // Another queue may have had a place for it at once.
    return ticket.startedMs >= 0 ? undefined : this.#wait(ticket, signal());
  }

  #wait(ticket: Ticket, signal: AbortSignal): Promise<void> {
    const cancel = this.#waits.add(ticket, ticket.queuedMs);
    return new Promise((resolve) => {
      const gone = () => this.#giveUp(ticket, "cancelled");
      ticket.decided = () => {
        signal.removeEventListener("abort", gone);
        cancel();
        resolve();
      };
      if (signal.aborted) gone();
      else signal.addEventListener("abort", gone, { once: true });
    });
  }

  #giveUp(ticket: Ticket, why: Refusal): void {
    const { queue } = ticket;
    if (!queue?.remove(ticket)) return;
    const nowMs = this.#options.clock.monotonic();
    this.#sync(nowMs);
    this.#noLongerWaits(ticket);
    this.#queues.left(queue);
    this.#refuse(ticket, why);
    this.#noteDemand(nowMs);
    ticket.decided?.();
    this.#dispatch();
  }

  #refuse(ticket: Ticket, why: Refusal): void {
    const { stats } = ticket.flow;
    const nowMs = this.#options.clock.monotonic();
    ticket.refused = why;
    stats.refuse(why);
    stats.waitedInVain.observe((nowMs - ticket.queuedMs) / 1000);
    if (why !== "cancelled") this.dropped.record(nowMs);
    this.#askIfIdle();
  }

  #noLongerWaits(ticket: Ticket): void {
    this.waiting--;
    ticket.flow.stats.waiting--;
    ticket.flow.stats.waitingSeats -= seatsOf(ticket.work);
    this.#waitingSeats -= seatsOf(ticket.work);
  }

  #run(ticket: Ticket, nowMs: number): void {
    const { queue, work } = ticket;
    const { stats } = ticket.flow;
    const seats = seatsOf(work);
    ticket.startedMs = nowMs;
    this.executing++;
    this.seatsInUse += seats;
    if (queue) {
      queue.executing++;
      queue.seatsInUse += seats;
      queue.nextDispatchR += workOf(work);
    }
    stats.dispatched++;
    stats.executing++;
    stats.seatsInUse += seats;
    stats.seats.observe(work.initialSeats);
    if (!this.exempt) stats.waitedToRun.observe((nowMs - ticket.queuedMs) / 1000);
    this.#noteDemand(nowMs);
  }

  /** Serves as many as there are seats for. A wide request at the head is waited for: it would starve otherwise. */
  #dispatch(): void {
    if (this.waiting === 0) return;
    const nowMs = this.#options.clock.monotonic();
    for (;;) {
      const queue = this.#queues.next();
      const oldest = queue?.waiting[0];
      if (!queue || !oldest) return;
      if (!this.#fits(oldest)) return void oldest.flow.stats.notFitting++;
      this.#queues.take(queue);
      this.#noLongerWaits(oldest);
      this.#run(oldest, nowMs);
      queue.bound();
      oldest.decided?.();
    }
  }

  #fits({ work }: Ticket): boolean {
    const seats = seatsOf(work);
    // One that is wider than all there is goes alone.
    if (seats > this.#limit) return this.seatsInUse === 0;
    return this.seatsInUse + seats <= this.#limit;
  }

  /** Seats of what was served in this turn are free again, or kept while watchers are told. */
  #endTurn(): void {
    const served = this.#served;
    this.#served = [];
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    this.#sync(nowMs);
    for (const ticket of served) {
      const { finalSeats, additionalMs } = ticket.work;
      this.#settle(ticket, nowMs);
      const seats = seatsOf(ticket.work);
      if (additionalMs === 0) {
        this.#release(ticket, seats, nowMs);
        continue;
      }
      this.#release(ticket, seats - finalSeats, nowMs);
      clock.after(additionalMs, () => {
        const laterMs = clock.monotonic();
        this.#sync(laterMs);
        this.#release(ticket, finalSeats, laterMs);
        this.#dispatch();
      });
    }
    this.#dispatch();
  }

  /** What its queue was charged for the request when it began was a guess. */
  #settle({ queue, work, startedMs }: Ticket, nowMs: number): void {
    if (!queue) return;
    queue.executing--;
    this.#queues.left(queue);
    queue.nextDispatchR -= work.initialSeats * (SERVICE_MS - (nowMs - startedMs));
    queue.bound();
  }

  #release(ticket: Ticket, seats: number, nowMs: number): void {
    const { queue, flow } = ticket;
    this.seatsInUse -= seats;
    flow.stats.seatsInUse -= seats;
    if (queue) {
      queue.seatsInUse -= seats;
      if (this.queues.length > this.#queues.deckSize) this.#queues.trim();
    }
    this.#noteDemand(nowMs);
    this.#askIfIdle();
  }

  #askIfIdle(): void {
    if (this.quiescing && this.idle) this.#options.onIdle();
  }

  #noteDemand(nowMs: number): void {
    const { seatsInUse, executing, waiting } = this;
    const demand = seatsInUse + this.#waitingSeats;
    this.demand.set(demand, nowMs);
    const room = this.#queues.deckSize * this.#lengthMax;
    const { nominal } = this.limits;
    this.utilization.note(
      { demand, seatsInUse, executing, waiting, nominal, limit: this.#limit, room },
      nowMs,
    );
  }

  #sync(nowMs: number): void {
    this.#queues.sync(nowMs, Math.min(this.seatsInUse + this.#waitingSeats, this.#limit));
  }
}
