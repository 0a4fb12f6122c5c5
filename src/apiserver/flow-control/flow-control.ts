import type { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import type { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { CancelTimer, Clock } from "#base/clock";
import type { RequestInfo, User } from "../contracts.ts";
import { Classifier } from "./classifier.ts";
import { type Configuration, configurationOf, seatLimits, shareOut, sharesOf } from "./configuration.ts";
import { Flow } from "./flow.ts";
import { PriorityLevel } from "./priority-level.ts";
import type { Ticket } from "./ticket.ts";
import { WatchCounts } from "./watch-counts.ts";
import { type Stored, type WorkEstimate, estimateWork } from "./work-estimate.ts";

/** Milliseconds after which seats are shared out anew. */
const BORROWING_MS = 10_000;

export interface FlowControlOptions {
  readonly clock: Clock;
  /** Seats of the whole server. */
  readonly seats: number;
  /** Milliseconds that a request may wait for a seat. */
  readonly waitMs: number;
  /** What is stored of the kind that a request is about. */
  readonly stored: (info: RequestInfo) => Stored;
  /** Lists take seats by their bytes, as the gate SizeBasedListCostEstimate says; else by their objects. */
  readonly listsBySize: boolean;
}

/**
 * API Priority and Fairness: each request takes seats while it is served. A flow schema says which priority level it
 * belongs to, and the levels share the server's seats; who uses few of them never waits for those who use many.
 */
export class FlowControl {
  readonly watches = new WatchCounts();
  /** Of the last sharing out. */
  fairProportion = 0;
  readonly #options: FlowControlOptions;
  readonly #levels = new Map<string, PriorityLevel>();
  #flows: readonly Flow[] = [];
  #classifier = new Classifier([]);
  #configuration: Configuration;
  #cancelBorrowing: CancelTimer | undefined;
  #closed = false;

  /** Begins with the mandatory objects only. */
  constructor(options: FlowControlOptions) {
    this.#options = options;
    this.#configuration = configurationOf([], []);
    this.#apply();
    this.#keepBorrowing();
  }

  get levels(): Iterable<PriorityLevel> {
    return this.#levels.values();
  }

  /** Monotonic. */
  nowMs(): number {
    return this.#options.clock.monotonic();
  }

  get flows(): readonly Flow[] {
    return this.#flows;
  }

  /** Goes on with these; requests that wait or run are not disturbed. Gives what they amount to. */
  configure(schemas: Iterable<FlowSchema>, levels: Iterable<PriorityLevelConfiguration>): Configuration {
    this.#configuration = configurationOf(schemas, levels);
    this.#apply();
    return this.#configuration;
  }

  /**
   * At once, or when its turn has come. `refused` says whether the request may be served; if it may, `leave` must be
   * called afterwards. `signal` is only asked for where there is a wait: aborting it gives the place up.
   */
  enter(user: User, info: RequestInfo, nowMs: number, signal: () => AbortSignal): Ticket | Promise<Ticket> {
    const flow = this.#classifier.find(user, info);
    const { level } = flow;
    const ticket: Ticket = {
      flow,
      work: this.#estimate(flow, info),
      user,
      info,
      arrivedMs: this.#options.clock.now(),
      queue: undefined,
      arrivalR: 0,
      queuedMs: nowMs,
      startedMs: -1,
      refused: undefined,
      decided: undefined,
    };
    const wait = level.enter(ticket, signal);
    return wait ? wait.then(() => ticket) : ticket;
  }

  leave(ticket: Ticket): void {
    ticket.flow.level.leave(ticket);
  }

  close(): void {
    this.#closed = true;
    this.#cancelBorrowing?.();
    for (const level of this.#levels.values()) level.close();
  }

  /** Shares the seats out by what was wanted since the last time. */
  shareOut(): void {
    const nowMs = this.#options.clock.monotonic();
    const levels = [...this.#levels.values()];
    for (const { demand } of levels) demand.close(nowMs);
    const { seats, fairProportion } = shareOut(
      levels.map(({ exempt, limits, limit, demand: { highWatermark, smoothed } }) => ({
        exempt,
        limits,
        highWatermark,
        smoothed,
        current: limit,
      })),
    );
    this.fairProportion = fairProportion;
    for (const [index, level] of levels.entries()) level.setLimit(seats[index]!);
  }

  #estimate({ level, stats }: Flow, info: RequestInfo): WorkEstimate {
    return estimateWork(info, {
      seatsMax: level.exempt ? Infinity : level.seatsMax,
      stored: this.#options.stored,
      bySize: this.#options.listsBySize,
      watches: (about) => {
        const count = this.watches.interestedIn(about);
        stats.watches.observe(count);
        return count;
      },
    });
  }

  #apply(): void {
    const { levels, schemas } = this.#configuration;
    const names = new Set(levels.map(({ metadata }) => metadata.name));
    for (const level of levels) this.#applyLevel(level);
    for (const [name, level] of this.#levels) {
      if (names.has(name)) continue;
      // Those who wait there are still served.
      level.quiescing = true;
      if (level.idle) this.#levels.delete(name);
    }
    const known = new Map(this.#flows.map((flow) => [flow.name, flow]));
    this.#flows = schemas.map((schema) => this.#flowOf(schema, known.get(schema.metadata.name)));
    this.#classifier = new Classifier(this.#flows);
    this.#setLimits();
    this.shareOut();
  }

  #applyLevel(configuration: PriorityLevelConfiguration): void {
    const { name } = configuration.metadata;
    const known = this.#levels.get(name);
    if (known) return known.configure(configuration);
    const { clock, waitMs } = this.#options;
    // Once it is idle it can go, and its seats to others.
    const onIdle = () => queueMicrotask(() => this.#closed || this.#apply());
    this.#levels.set(name, new PriorityLevel(configuration, { clock, waitMs, onIdle }));
  }

  #flowOf(schema: FlowSchema, known: Flow | undefined): Flow {
    const level = this.#levels.get(schema.spec.priorityLevelConfiguration.name)!;
    if (known?.level === level && known.schema === schema) return known;
    // What is counted by its level and its own name goes on only with both.
    return new Flow(schema, level, known?.level === level ? known.stats : undefined);
  }

  #setLimits(): void {
    const all = [...this.#levels.values()];
    const shares = all.reduce((sum, { configuration }) => sum + sharesOf(configuration), 0);
    for (const level of all) {
      level.limits = seatLimits(level.configuration, this.#options.seats, shares);
    }
  }

  #keepBorrowing(): void {
    this.#cancelBorrowing = this.#options.clock.after(BORROWING_MS, () => {
      this.shareOut();
      this.#keepBorrowing();
    });
  }
}
