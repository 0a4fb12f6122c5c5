import type { Pod } from "#api/core-v1/pod";
import type { CancelTimer, Clock } from "#base/clock";
import { eventName, type PendingQueue } from "./metrics.ts";
import type { ClusterChange, Plugin } from "./plugin.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";

/** A pod that failed waits this long, twice as long after each further failure, up to the maximum. */
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 10_000;
/** Nothing is forgotten: a pod that no event woke is tried again after this long. */
const UNSCHEDULABLE_MS_MAX = 5 * 60_000;

const ATTEMPT_FAILED = "ScheduleAttemptFailure";

export interface Patience {
  readonly attempts: number;
  readonly sinceMs: number;
}

interface Waiting extends Patience {
  pod: Pod;
  /** When it came, for fairness among equals. */
  readonly order: number;
  attempts: number;
  failedAtMs: number;
  /** Plugins whose rejection it waits out; none: any change may help. */
  rejectedBy: ReadonlySet<string>;
  place: "active" | "backoff" | "unschedulable" | "in-flight";
  cancel: CancelTimer | undefined;
}

/** Told of every pod that comes into one of the queues, and why. */
export type Incoming = (event: string, queue: PendingQueue) => void;

/**
 * Pods without a node: those to try now (most important first), those that wait out a backoff, and those that wait
 * for a change in the cluster that could help them.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #incoming: Incoming;
  readonly #wakesOn: ReadonlyMap<string, readonly ClusterChange[]>;
  readonly #pods = new Map<string, Waiting>();
  #active: Waiting[] = [];
  #sorted = true;
  #order = 0;
  /** Kinds of changes while a pod was being tried, which its failure may already be out of date with. */
  readonly #changesInFlight = new Map<string, ClusterChange>();

  /** `wake` is called when there is a pod to try. */
  constructor(
    clock: Clock,
    plugins: readonly Plugin[],
    wake: () => void,
    incoming: Incoming = () => undefined,
  ) {
    this.#clock = clock;
    this.#wake = wake;
    this.#incoming = incoming;
    this.#wakesOn = new Map(plugins.map(({ name, wakesOn }) => [name, wakesOn]));
  }

  get size(): number {
    return this.#pods.size;
  }

  /** How many pods wait in each queue. */
  pending(): ReadonlyMap<PendingQueue, number> {
    const counts = new Map<PendingQueue, number>([
      ["active", 0],
      ["backoff", 0],
      ["unschedulable", 0],
      ["gated", 0],
    ]);
    for (const waiting of this.#pods.values()) {
      const queue = queueOf(waiting);
      if (queue !== undefined) counts.set(queue, counts.get(queue)! + 1);
    }
    return counts;
  }

  /** How many pods wait that each plugin has turned nodes down for. */
  rejected(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { rejectedBy } of this.#pods.values())
      for (const name of rejectedBy) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** Adds a pod, or notes its newer state. */
  set(pod: Pod): void {
    const known = this.#pods.get(pod.metadata.uid);
    if (known) {
      known.pod = pod;
      return;
    }
    const waiting: Waiting = {
      pod,
      order: this.#order++,
      sinceMs: this.#clock.monotonic(),
      attempts: 0,
      failedAtMs: 0,
      rejectedBy: new Set(),
      place: "active",
      cancel: undefined,
    };
    this.#pods.set(pod.metadata.uid, waiting);
    this.#activate(waiting, "UnschedulablePodAdd");
  }

  delete(uid: string): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    waiting.cancel?.();
    this.#pods.delete(uid);
    if (waiting.place === "active") this.#active = this.#active.filter((other) => other !== waiting);
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** The most important pod that waited longest; it is in flight until `placed` or `failed`. */
  next(): Pod | undefined {
    if (!this.#sorted) {
      // Best last, so that taking it is cheap.
      this.#active.sort((one, other) => priorityOf(one) - priorityOf(other) || other.order - one.order);
      this.#sorted = true;
    }
    const waiting = this.#active.pop();
    if (!waiting) return undefined;
    waiting.place = "in-flight";
    waiting.attempts++;
    this.#changesInFlight.clear();
    return waiting.pod;
  }

  placed(uid: string): void {
    this.delete(uid);
  }

  /** How often a pod has been tried, and since when it waits, in monotonic milliseconds. */
  patienceOf(uid: string): Patience | undefined {
    return this.#pods.get(uid);
  }

  /** Puts a pod back that found no node. `rejectedBy` names plugins; none when something else went wrong. */
  failed(uid: string, rejectedBy: ReadonlySet<string>): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    waiting.rejectedBy = rejectedBy;
    waiting.failedAtMs = this.#clock.monotonic();
    const missed = this.#changesInFlight.values().some((change) => this.#helps(waiting, change));
    if (rejectedBy.size === 0 || missed) return this.#backOff(waiting, ATTEMPT_FAILED);
    waiting.place = "unschedulable";
    this.#incoming(ATTEMPT_FAILED, queueOf(waiting)!);
    waiting.cancel = this.#clock.after(UNSCHEDULABLE_MS_MAX, () =>
      this.#activate(waiting, "UnschedulableTimeout"),
    );
  }

  /** Wakes the pods that this change may help. */
  changed(change: ClusterChange): void {
    this.#changesInFlight.set(`${change.kind} ${change.change}`, change);
    for (const waiting of this.#pods.values()) {
      if (waiting.place === "unschedulable" && this.#helps(waiting, change))
        this.#backOff(waiting, eventName(change));
    }
  }

  #helps({ rejectedBy }: Waiting, { kind, change }: ClusterChange): boolean {
    for (const name of rejectedBy) {
      if (this.#wakesOn.get(name)?.some((hint) => hint.kind === kind && hint.change === change)) return true;
    }
    return false;
  }

  #backOff(waiting: Waiting, event: string): void {
    waiting.cancel?.();
    const wholeMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (waiting.attempts - 1));
    const leftMs = waiting.failedAtMs + wholeMs - this.#clock.monotonic();
    if (leftMs <= 0) return this.#activate(waiting, event);
    waiting.place = "backoff";
    this.#incoming(event, "backoff");
    waiting.cancel = this.#clock.after(leftMs, () => this.#activate(waiting, "BackoffComplete"));
  }

  #activate(waiting: Waiting, event: string): void {
    waiting.cancel?.();
    waiting.cancel = undefined;
    waiting.place = "active";
    this.#incoming(event, "active");
    this.#active.push(waiting);
    this.#sorted = false;
    this.#wake();
  }
}

const priorityOf = ({ pod }: Waiting): number => pod.spec.priority ?? 0;

/** Undefined: it is being tried. */
const queueOf = ({ place, rejectedBy }: Waiting): PendingQueue | undefined =>
  place === "in-flight"
    ? undefined
    : place === "unschedulable" && rejectedBy.has(schedulingGates.name)
      ? "gated"
      : place;
