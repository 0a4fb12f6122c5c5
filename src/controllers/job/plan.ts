import type { Job } from "#api/batch-v1/job";
import type { JobStatus } from "#api/batch-v1/jobspec";
import type { Pod } from "#api/core-v1/pod";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { formatTime, parseTime } from "#machinery/time";
import { isActive, isLeaving, restartsOf } from "../pod-facts.ts";
import { judgeFailure } from "./failure-policy.ts";
import { formatIndexes, parseIndexes } from "./indexes.ts";
import { endedAtMs, failuresBefore, indexOf, isFailed, isIndexed, isTracked } from "./pods.ts";

type JobCondition = NonNullable<JobStatus["conditions"]>[number];

const RETRY_MS = 10_000;
const RETRY_MS_MAX = 600_000;

export interface NewPod {
  readonly index: number | undefined;
  readonly failures: number;
}

export interface Plan {
  readonly status: JobStatus;
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Counted pods that nothing has to hold any more, once the status is written. */
  readonly release: readonly Pod[];
  readonly afterMs?: number;
  /** What became of the job in this step. */
  readonly ended?: Ending;
}

export interface Ending {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** What is counted so far, with what this step adds. */
interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  readonly totals: { readonly succeeded: number; readonly failed: number };
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** A rule of the failure policy that ends the job. */
  readonly verdict: string | undefined;
  readonly release: readonly Pod[];
}

/** Decides one step of a job: what to count, what to start and stop, and whether it has come to its end. */
export function planJob(job: Job, pods: readonly Pod[], nowMs: number): Plan {
  const tally = tallyOf(job, pods);
  const running = pods.filter((pod) => !isTerminal(pod));
  if (hasCondition(job.status, "Complete") || hasCondition(job.status, "Failed")) {
    return { status: job.status, create: [], remove: pods.filter(isActive), release: pods.filter(isTracked) };
  }
  const started = startedAt(job, nowMs);
  const ending = endingOf(job, tally, running, started, nowMs);
  if (ending) return planEnd(job, pods, tally, running, ending, started, nowMs);
  if (job.spec.suspend) return planSuspended(job, pods, tally, nowMs);
  return planRun(job, pods, tally, started, nowMs);
}

function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const before = job.status.uncountedTerminatedPods;
  const held = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const stillHeld = (uids: readonly string[] = []) => uids.filter((uid) => held.has(uid));
  const succeeded = [...stillHeld(before?.succeeded)];
  const failed = [...stillHeld(before?.failed)];
  const freed = {
    succeeded: (before?.succeeded ?? []).length - succeeded.length,
    failed: (before?.failed ?? []).length - failed.length,
  };
  const completed = new Set(parseIndexes(job.status.completedIndexes));
  const failedIndexes = new Set(parseIndexes(job.status.failedIndexes));
  const release: Pod[] = [];
  let verdict: string | undefined;
  for (const pod of pods.filter(isTracked)) {
    const { uid } = pod.metadata;
    const known = succeeded.includes(uid) || failed.includes(uid);
    if (pod.status.phase === "Succeeded") {
      release.push(pod);
      if (known) continue;
      const index = indexOf(pod);
      if (!isIndexed(job)) succeeded.push(uid);
      else if (index !== undefined) completed.add(index);
    } else if (isFailed(job, pod)) {
      release.push(pod);
      if (known) continue;
      const { action, message } = judgeFailure(job, pod);
      if (action === "Ignore") continue;
      if (action === "FailJob") verdict ??= message;
      failed.push(uid);
      countIndexFailure(job, pod, action === "FailIndex", failedIndexes);
    }
  }
  const counted = {
    succeeded: isIndexed(job) ? completed.size : (job.status.succeeded ?? 0) + freed.succeeded,
    failed: (job.status.failed ?? 0) + freed.failed,
  };
  return {
    ...counted,
    uncounted: { succeeded, failed },
    totals: {
      succeeded: isIndexed(job) ? completed.size : counted.succeeded + succeeded.length,
      failed: counted.failed + failed.length,
    },
    completed,
    failedIndexes,
    verdict,
    release,
  };
}

function countIndexFailure({ spec }: Job, pod: Pod, atOnce: boolean, failedIndexes: Set<number>): void {
  const index = indexOf(pod);
  if (index === undefined || spec.backoffLimitPerIndex === undefined) return;
  if (atOnce || failuresBefore(pod) >= spec.backoffLimitPerIndex) failedIndexes.add(index);
}

const hasCondition = ({ conditions = [] }: JobStatus, type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === "True");

function startedAt({ spec, status }: Job, nowMs: number): string | undefined {
  if (status.startTime !== undefined) return status.startTime;
  return spec.suspend ? undefined : formatTime(nowMs);
}

/** How the job ends, if it does; once that is said it does not change. */
function endingOf(
  job: Job,
  tally: Tally,
  running: readonly Pod[],
  started: string | undefined,
  nowMs: number,
): Ending | undefined {
  const { spec, status } = job;
  const said = status.conditions?.find(
    ({ type, status: is }) => is === "True" && (type === "FailureTarget" || type === "SuccessCriteriaMet"),
  );
  if (said) {
    const type = said.type === "FailureTarget" ? "Failed" : "Complete";
    return { type, reason: said.reason ?? "", message: said.message ?? "" };
  }
  const failed = (reason: string, message: string): Ending => ({ type: "Failed", reason, message });
  if (tally.verdict !== undefined) return failed("PodFailurePolicy", tally.verdict);
  if (tally.totals.failed > spec.backoffLimit || restartsExceed(job, running)) {
    return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (started !== undefined && !spec.suspend && spec.activeDeadlineSeconds !== undefined) {
    if (nowMs - parseTime(started) >= spec.activeDeadlineSeconds * 1000) {
      return failed("DeadlineExceeded", "Job was active longer than specified deadline");
    }
  }
  return failedByIndexes(job, tally) ?? successOf(job, tally, running);
}

/** Containers that restart in place count too. */
function restartsExceed({ spec }: Job, running: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== "OnFailure") return false;
  const restarts = running.reduce((total, pod) => total + restartsOf(pod), 0);
  return spec.backoffLimit === 0 ? restarts > 0 : restarts >= spec.backoffLimit;
}

function failedByIndexes({ spec }: Job, { completed, failedIndexes }: Tally): Ending | undefined {
  if (spec.backoffLimitPerIndex === undefined || failedIndexes.size === 0) return undefined;
  if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes) {
    const message = "Job has exceeded the specified maximal number of failed indexes";
    return { type: "Failed", reason: "MaxFailedIndexesExceeded", message };
  }
  if (completed.size + failedIndexes.size < (spec.completions ?? 0)) return undefined;
  return { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" };
}

function successOf(job: Job, { totals, completed }: Tally, running: readonly Pod[]): Ending | undefined {
  const { completions, successPolicy } = job.spec;
  const rule = (successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes);
    const hits = [...completed].filter((index) => wanted === undefined || wanted.has(index)).length;
    return hits >= (succeededCount ?? wanted?.size ?? Infinity);
  });
  if (rule >= 0)
    return { type: "Complete", reason: "SuccessPolicy", message: `Matched rules at index ${rule}` };
  const done =
    completions === undefined
      ? totals.succeeded > 0 && running.length === 0
      : totals.succeeded >= completions;
  if (!done) return undefined;
  return {
    type: "Complete",
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
  };
}

/** First it is said where it goes, then, when no pod runs any more and all are counted, that it is there. */
function planEnd(
  job: Job,
  pods: readonly Pod[],
  tally: Tally,
  running: readonly Pod[],
  ending: Ending,
  started: string | undefined,
  nowMs: number,
): Plan {
  const interim = ending.type === "Failed" ? "FailureTarget" : "SuccessCriteriaMet";
  const { reason, message } = ending;
  let conditions = put(
    job.status.conditions ?? [],
    { type: interim, status: "True", reason, message },
    nowMs,
  );
  const counted = tally.uncounted.succeeded.length + tally.uncounted.failed.length === 0;
  const isOver = running.length === 0 && counted;
  if (isOver) conditions = put(conditions, { type: ending.type, status: "True", reason, message }, nowMs);
  const completionTime = isOver && ending.type === "Complete" ? { completionTime: formatTime(nowMs) } : {};
  return {
    status: { ...statusOf(job, pods, tally, started), conditions, ...completionTime },
    create: [],
    remove: pods.filter(isActive),
    release: tally.release,
    ...(isOver ? { ended: ending } : {}),
  };
}

function planSuspended(job: Job, pods: readonly Pod[], tally: Tally, nowMs: number): Plan {
  const suspended = { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended" };
  const conditions = put(job.status.conditions ?? [], suspended, nowMs);
  return {
    status: { ...statusOf(job, pods, tally, undefined), conditions },
    create: [],
    remove: pods.filter(isActive),
    release: tally.release,
  };
}

function planRun(
  job: Job,
  pods: readonly Pod[],
  tally: Tally,
  started: string | undefined,
  nowMs: number,
): Plan {
  const active = pods.filter(isActive);
  const wanted = wantedActive(job, tally, active.length);
  const leaving =
    job.spec.podReplacementPolicy === "Failed"
      ? pods.filter((pod) => isLeaving(pod) && !isTerminal(pod))
      : [];
  const missing = Math.max(0, wanted - active.length - leaving.length);
  const waitMs = missing > 0 ? retryWaitMs(pods, nowMs) : 0;
  const was = job.status.conditions ?? [];
  const resumed = { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed" };
  const conditions = hasCondition(job.status, "Suspended") ? put(was, resumed, nowMs) : was;
  const status = statusOf(job, pods, tally, started);
  const waits = [waitMs || undefined, deadlineMs(job, started, nowMs)].filter((ms) => ms !== undefined);
  return {
    status: conditions.length > 0 ? { ...status, conditions } : status,
    create: waitMs > 0 ? [] : newPods(job, [...active, ...leaving], pods, tally, missing),
    remove: surplusOf(active, wanted),
    release: tally.release,
    ...(waits.length > 0 ? { afterMs: Math.min(...waits) } : {}),
  };
}

function wantedActive({ spec }: Job, { totals, failedIndexes }: Tally, active: number): number {
  if (spec.completions === undefined)
    return totals.succeeded > 0 ? Math.min(active, spec.parallelism) : spec.parallelism;
  return Math.min(spec.parallelism, Math.max(0, spec.completions - totals.succeeded - failedIndexes.size));
}

/** Pods that are not ready go first, then the youngest. */
const surplusOf = (active: readonly Pod[], wanted: number): readonly Pod[] =>
  active
    .toSorted(
      (a, b) =>
        Number(isReady(a)) - Number(isReady(b)) ||
        (a.metadata.creationTimestamp > b.metadata.creationTimestamp ? -1 : 1),
    )
    .slice(0, Math.max(0, active.length - wanted));

function newPods(
  job: Job,
  present: readonly Pod[],
  pods: readonly Pod[],
  { completed, failedIndexes }: Tally,
  count: number,
): readonly NewPod[] {
  if (!isIndexed(job)) return Array.from({ length: count }, () => ({ index: undefined, failures: 0 }));
  const taken = new Set(present.map(indexOf));
  const made: NewPod[] = [];
  for (let index = 0; made.length < count && index < (job.spec.completions ?? 0); index++) {
    if (taken.has(index) || completed.has(index) || failedIndexes.has(index)) continue;
    const earlier = pods.filter((pod) => indexOf(pod) === index && isFailed(job, pod)).map(failuresBefore);
    made.push({ index, failures: earlier.length === 0 ? 0 : Math.max(...earlier) + 1 });
  }
  return made;
}

/** After failures without a success in between, new pods wait longer and longer. */
function retryWaitMs(pods: readonly Pod[], nowMs: number): number {
  const ends = (phase: string) =>
    pods
      .filter(({ status }) => status.phase === phase)
      .map((pod) => endedAtMs(pod) ?? parseTime(pod.metadata.creationTimestamp));
  const lastSuccess = Math.max(-Infinity, ...ends("Succeeded"));
  const failures = ends("Failed").filter((at) => at > lastSuccess);
  if (failures.length === 0) return 0;
  const delayMs = Math.min(RETRY_MS * 2 ** (failures.length - 1), RETRY_MS_MAX);
  return Math.max(0, Math.max(...failures) + delayMs - nowMs);
}

function deadlineMs({ spec }: Job, started: string | undefined, nowMs: number): number | undefined {
  if (started === undefined || spec.activeDeadlineSeconds === undefined) return undefined;
  return Math.max(1, parseTime(started) + spec.activeDeadlineSeconds * 1000 - nowMs);
}

function statusOf(job: Job, pods: readonly Pod[], tally: Tally, started: string | undefined): JobStatus {
  const active = pods.filter(isActive);
  const { uncounted, completed, failedIndexes } = tally;
  const { conditions } = job.status;
  return {
    ...(conditions && conditions.length > 0 ? { conditions } : {}),
    ...(started === undefined ? {} : { startTime: started }),
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(tally.succeeded > 0 ? { succeeded: tally.succeeded } : {}),
    ...(tally.failed > 0 ? { failed: tally.failed } : {}),
    terminating: pods.filter((pod) => isLeaving(pod) && !isTerminal(pod)).length,
    ...(isIndexed(job) && completed.size > 0 ? { completedIndexes: formatIndexes(completed) } : {}),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(failedIndexes) }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
      ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
    },
    ready: active.filter(isReady).length,
  };
}

function put(
  conditions: readonly JobCondition[],
  condition: Pick<JobCondition, "type" | "status" | "reason" | "message">,
  nowMs: number,
): readonly JobCondition[] {
  const known = conditions.find(({ type }) => type === condition.type);
  if (known?.status === condition.status) return conditions;
  const now = formatTime(nowMs);
  const made: JobCondition = { ...condition, lastProbeTime: now, lastTransitionTime: now };
  return known ? conditions.map((other) => (other === known ? made : other)) : [...conditions, made];
}
