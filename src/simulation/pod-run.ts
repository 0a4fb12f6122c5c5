/** How a pod on a simulated node lives: decided here, done by `SimulatedNodes`. Pure. */
import type { Pod } from "#api/core-v1/pod";
import { parseTime } from "#machinery/time";

/** How long the steps of a pod's life take, in milliseconds. */
export interface PodLife {
  /** From being bound to running. */
  readonly startMs: number;
  /** From running to ready. */
  readonly readyMs: number;
  /** From being asked to stop to being gone; the pod's grace period where that is shorter. */
  readonly stopMs: number;
  /** Its process ends by itself so long after it started; absent: it runs until it is stopped. */
  readonly runMs?: number;
  /** What a process that ends by itself ends with. */
  readonly exitCode?: number;
}

export const instantLife: PodLife = { startMs: 0, readyMs: 0, stopMs: 0 };

/** What the node knows of a pod beyond its object. */
export interface PodRun {
  /** When the node first heard of it. */
  readonly seenMs: number;
  readonly ip: string;
  readonly state: RunState;
  readonly restarts: number;
  /** How its process last ended. */
  readonly lastExit?: Exit;
  /** The readiness probe fails. */
  readonly unready?: boolean;
}

export type RunState =
  | { readonly is: "waiting" }
  | { readonly is: "running"; readonly sinceMs: number }
  | { readonly is: "crashed"; readonly untilMs: number }
  | { readonly is: "finished" };

export interface Exit {
  readonly code: number;
  readonly startedMs: number;
  readonly atMs: number;
}

/** The first restart is made at once, further ones wait twice as long each time. */
const RESTART_MS = 10_000;
const RESTART_MS_MAX = 300_000;

/** The run after time has passed, and when time alone changes it next. */
export interface Progress {
  readonly run: PodRun;
  readonly nextMs?: number;
}

export function progress(pod: Pod, run: PodRun, life: PodLife, nowMs: number): Progress {
  const { state } = run;
  switch (state.is) {
    case "waiting":
      return at(run.seenMs + life.startMs, run, nowMs, () => started(pod, run, life, nowMs));
    case "crashed":
      return at(state.untilMs, run, nowMs, () =>
        started(pod, { ...run, restarts: run.restarts + 1 }, life, nowMs),
      );
    case "running": {
      const { runMs, readyMs, exitCode = 0 } = life;
      const readyAt = state.sinceMs + readyMs;
      if (runMs === undefined) return readyAt > nowMs ? { run, nextMs: readyAt } : { run };
      const endAt = state.sinceMs + runMs;
      if (endAt <= nowMs) return progress(pod, ended(pod, run, exitCode, nowMs), life, nowMs);
      return { run, nextMs: readyAt > nowMs ? Math.min(readyAt, endAt) : endAt };
    }
    case "finished":
      return { run };
  }
}

const at = (dueMs: number, run: PodRun, nowMs: number, then: () => Progress): Progress =>
  dueMs <= nowMs ? then() : { run, nextMs: dueMs };

const started = (pod: Pod, run: PodRun, life: PodLife, nowMs: number): Progress => {
  const running: PodRun = { ...run, state: { is: "running", sinceMs: nowMs } };
  // What runs for no time at all ends in the next look, so that a pod cannot keep this function busy.
  const { runMs, readyMs } = life;
  if (runMs !== undefined && runMs <= 0) return { run: running, nextMs: nowMs + 1 };
  return runMs === undefined && readyMs <= 0 ? { run: running } : progress(pod, running, life, nowMs);
};

/** The run after its process has ended; the restart policy says what comes of it. */
export function ended({ spec }: Pod, run: PodRun, code: number, nowMs: number): PodRun {
  if (run.state.is !== "running") return run;
  const lastExit: Exit = { code, startedMs: run.state.sinceMs, atMs: nowMs };
  const { restartPolicy = "Always" } = spec;
  if (restartPolicy === "Never" || (restartPolicy === "OnFailure" && code === 0)) {
    return { ...run, lastExit, state: { is: "finished" } };
  }
  const waitMs = run.restarts === 0 ? 0 : Math.min(RESTART_MS * 2 ** (run.restarts - 1), RESTART_MS_MAX);
  return { ...run, lastExit, state: { is: "crashed", untilMs: nowMs + waitMs } };
}

export const isReady = ({ state, unready }: PodRun, life: PodLife, nowMs: number): boolean =>
  state.is === "running" && !unready && state.sinceMs + life.readyMs <= nowMs;

/** When a pod that was asked to stop is gone, in epoch milliseconds. */
export function goneAtMs({ metadata }: Pod, { stopMs }: PodLife): number {
  const graceMs = Number(metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  const askedMs = parseTime(metadata.deletionTimestamp ?? "") - graceMs;
  return askedMs + Math.min(stopMs, graceMs);
}
