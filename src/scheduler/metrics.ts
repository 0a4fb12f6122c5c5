import type { Clock } from "#base/clock";
import {
  counter,
  growingBounds,
  histogram,
  type Labels,
  type Measure,
  type Measures,
  type Meter,
} from "#base/measures";
import type { ClusterChange } from "./plugin.ts";

const ATTEMPT_SECONDS = growingBounds(0.001, 2, 15);

const ATTEMPTS = counter("scheduler_schedule_attempts_total", "Attempts to place a pod, by how they ended.");
const ATTEMPT = histogram(
  "scheduler_scheduling_attempt_duration_seconds",
  "How long attempts took, binding and all, in seconds.",
  ATTEMPT_SECONDS,
);
const ALGORITHM = histogram(
  "scheduler_scheduling_algorithm_duration_seconds",
  "How long looking for a node took, in seconds.",
  ATTEMPT_SECONDS,
);
const POD_ATTEMPTS = histogram(
  "scheduler_pod_scheduling_attempts",
  "Attempts that pods took until they were placed.",
  growingBounds(1, 2, 5),
);
const POD_SECONDS = histogram(
  "scheduler_pod_scheduling_sli_duration_seconds",
  "How long pods waited until they were placed, by the attempts that it took, in seconds.",
  growingBounds(0.01, 2, 20),
);
const POINT = histogram(
  "scheduler_framework_extension_point_duration_seconds",
  "How long all plugins together took at each of their points, in seconds.",
  growingBounds(0.0001, 2, 12),
);
const PREEMPTIONS = counter(
  "scheduler_preemption_attempts_total",
  "Times that other pods had to go for one.",
);
const VICTIMS = histogram(
  "scheduler_preemption_victims",
  "Pods that had to go for one.",
  growingBounds(1, 2, 7),
);
const INCOMING = counter("scheduler_queue_incoming_pods_total", "Pods that came into each queue, by why.");
const PENDING = {
  name: "scheduler_pending_pods",
  help: "Pods without a node, by the queue that they are in.",
};
const UNSCHEDULABLE = {
  name: "scheduler_unschedulable_pods",
  help: "Pods that found no node, by the plugin that turned nodes down.",
};
const CACHED = { name: "scheduler_cache_size", help: "Nodes and pods that the scheduler reckons with." };

/** Pods that took more attempts count together. */
const ATTEMPTS_SHOWN_MAX = 15;

export type Result = "scheduled" | "unschedulable" | "error";
/** Where a pod without a node may be. */
export type PendingQueue = "active" | "backoff" | "unschedulable" | "gated";
/** At which of their points plugins have run. */
export type Point = "PreFilter" | "Filter" | "PostFilter" | "Score" | "Bind";

/** What is looked up when somebody asks. */
export interface SchedulerState {
  pending(): ReadonlyMap<PendingQueue, number>;
  /** Pods by the plugins that turned nodes down. */
  rejected(): ReadonlyMap<string, number>;
  cached(): { readonly nodes: number; readonly pods: number; readonly assumed: number };
}

/** What a scheduler counts of its work. */
export class SchedulerMetrics {
  readonly #measures: Measures;
  readonly #clock: Clock;
  readonly #profile: string;
  readonly #algorithm: Meter;
  readonly #podAttempts: Meter;
  readonly #preemptions: Meter;
  readonly #victims: Meter;
  /** By what is written in the labels. */
  readonly #meters = new Map<string, Meter>();
  #lapMs = 0;

  /** `profile`: the name of the scheduler. */
  constructor(measures: Measures, profile: string, clock: Clock) {
    this.#measures = measures;
    this.#clock = clock;
    this.#profile = profile;
    this.#algorithm = measures.meter(ALGORITHM);
    this.#podAttempts = measures.meter(POD_ATTEMPTS);
    this.#preemptions = measures.meter(PREEMPTIONS);
    this.#victims = measures.meter(VICTIMS);
  }

  /** Shows the state until the answer is called. */
  watch(state: SchedulerState): () => void {
    const profile = this.#profile;
    const stops = [
      this.#measures.watch(PENDING, () =>
        Array.from(state.pending(), ([queue, value]) => ({ labels: { queue }, value })),
      ),
      this.#measures.watch(UNSCHEDULABLE, () =>
        Array.from(state.rejected(), ([plugin, value]) => ({ labels: { plugin, profile }, value })),
      ),
      this.#measures.watch(CACHED, () => {
        const { nodes, pods, assumed } = state.cached();
        return [
          { labels: { type: "nodes" }, value: nodes },
          { labels: { type: "pods" }, value: pods },
          { labels: { type: "assumed_pods" }, value: assumed },
        ];
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** An attempt begins; gives its time, as `attempted` wants it. */
  begin(): number {
    this.#lapMs = this.#clock.monotonic();
    return this.#lapMs;
  }

  /** Plugins have run at this point, since the last one. */
  readonly lap = (point: Point, succeeded = true): void => {
    const nowMs = this.#clock.monotonic();
    this.ran(point, nowMs - this.#lapMs, succeeded);
    this.#lapMs = nowMs;
  };

  ran(point: Point, tookMs: number, succeeded = true): void {
    const status = succeeded ? "Success" : point === "Bind" ? "Error" : "Unschedulable";
    this.#meter(`${point} ${status}`, POINT, () => ({
      extension_point: point,
      profile: this.#profile,
      status,
    })).add(tookMs / 1000);
  }

  searched(sinceMs: number): void {
    this.#algorithm.add((this.#clock.monotonic() - sinceMs) / 1000);
  }

  attempted(result: Result, sinceMs: number): void {
    const labels = () => ({ profile: this.#profile, result });
    const tookMs = this.#clock.monotonic() - sinceMs;
    this.#meter(`attempts ${result}`, ATTEMPTS, labels).add(1);
    this.#meter(`attempt ${result}`, ATTEMPT, labels).add(tookMs / 1000);
  }

  placed(attempts: number, sinceMs: number): void {
    this.#podAttempts.add(attempts);
    const shown = attempts < ATTEMPTS_SHOWN_MAX ? String(attempts) : `${ATTEMPTS_SHOWN_MAX}+`;
    const waitedMs = this.#clock.monotonic() - sinceMs;
    this.#meter(`pod ${shown}`, POD_SECONDS, () => ({ attempts: shown })).add(waitedMs / 1000);
  }

  preempted(victims: number): void {
    this.#preemptions.add(1);
    this.#victims.add(victims);
  }

  incoming(event: string, queue: PendingQueue): void {
    this.#meter(`${event} ${queue}`, INCOMING, () => ({ event, queue })).add(1);
  }

  /** `key`: its own for these labels of this measure. */
  #meter(key: string, measure: Measure, labels: () => Labels): Meter {
    let meter = this.#meters.get(key);
    if (!meter) this.#meters.set(key, (meter = this.#measures.meter(measure, labels())));
    return meter;
  }
}

/** What dashboards call the changes of the cluster. */
const CHANGES: Readonly<Record<ClusterChange["change"], string>> = {
  added: "Add",
  deleted: "Delete",
  labels: "Label",
  "scaled-down": "ScaleDown",
  allocatable: "Allocatable",
  taints: "Taint",
  ports: "Update",
  gates: "SchedulingGatesEliminated",
};

/** `AssignedPodDelete`, `NodeAdd`, `NodeUpdateNodeTaint`. */
export function eventName({ kind, change }: ClusterChange): string {
  const owner = kind !== "Pod" ? kind : change === "gates" ? "UnschedulablePod" : "AssignedPod";
  const name = CHANGES[change];
  return ["Add", "Delete", "Update"].includes(name) ? `${owner}${name}` : `${owner}Update${kind}${name}`;
}
