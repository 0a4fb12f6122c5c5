import type { Deployment, DeploymentStatus } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { formatTime, parseTime } from "#machinery/time";
import { withoutCondition } from "../conditions.ts";
import type { Sets } from "./revisions.ts";
import { actualOf, availableOf, leewayOf, sum, wantedOf } from "./sizes.ts";

export type DeploymentCondition = NonNullable<DeploymentStatus["conditions"]>[number];
type NewCondition = Pick<DeploymentCondition, "type" | "status" | "reason" | "message">;

/** One second beyond the deadline, so that the clock has surely passed it. */
const AFTER_DEADLINE_MS = 1_000;

/** A deadline of the largest int32 means none. */
const NO_DEADLINE = 2 ** 31 - 1;

const hasDeadline = ({ spec }: Deployment): boolean => spec.progressDeadlineSeconds < NO_DEADLINE;

export const conditionOf = (
  { status }: Pick<Deployment, "status">,
  type: string,
): DeploymentCondition | undefined => status.conditions?.find((condition) => condition.type === type);

/** What a pass has to say about progress, beyond what the numbers say. */
export type News =
  | { readonly what: "created" | "found"; readonly set: string }
  | { readonly what: "failed"; readonly message: string };

/** The status that follows from the sets; with the Progressing condition only while it is not paused or scaling. */
export function observe(
  deployment: Deployment,
  sets: Sets,
  news: News | undefined,
  nowMs: number,
  judgeProgress: boolean,
): DeploymentStatus {
  const counts = countsOf(deployment, sets);
  const { status } = deployment;
  let conditions = status.conditions ?? [];
  conditions = put(conditions, availability(deployment, counts.availableReplicas ?? 0), nowMs);
  if (judgeProgress) conditions = afterProgress(deployment, sets, counts, conditions, news, nowMs);
  conditions = afterPause(deployment, conditions, nowMs);
  conditions = afterFailures(sets, conditions, nowMs);
  const { collisionCount } = status;
  return { ...counts, conditions, ...(collisionCount === undefined ? {} : { collisionCount }) };
}

type Counts = Omit<DeploymentStatus, "conditions" | "collisionCount">;

function countsOf({ metadata: { generation } }: Deployment, { current, old }: Sets): Counts {
  const all = current ? [current, ...old] : old;
  const counts: Record<string, number> = {
    observedGeneration: generation ?? 0,
    replicas: actualOf(all),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status.readyReplicas ?? 0),
    availableReplicas: availableOf(all),
    unavailableReplicas: Math.max(0, wantedOf(all) - availableOf(all)),
  };
  const present = Object.entries(counts).filter(([, count]) => count !== 0);
  const terminatingReplicas = sum(all, ({ status }) => status.terminatingReplicas ?? 0);
  return { ...Object.fromEntries(present), terminatingReplicas };
}

function availability(deployment: Deployment, available: number): NewCondition {
  const enough = available >= deployment.spec.replicas - leewayOf(deployment).unavailable;
  return enough
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

function afterProgress(
  deployment: Deployment,
  { current }: Sets,
  counts: Counts,
  conditions: readonly DeploymentCondition[],
  news: News | undefined,
  nowMs: number,
): readonly DeploymentCondition[] {
  if (!hasDeadline(deployment)) return withoutCondition(conditions, "Progressing");
  const known = conditionOf(deployment, "Progressing");
  const subject = current
    ? `ReplicaSet "${current.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const progressing = (status: string, reason: string, message: string) =>
    put(conditions, { type: "Progressing", status, reason, message }, nowMs);
  if (news?.what === "failed") return progressing("False", "ReplicaSetCreateError", news.message);
  if (news?.what === "created") {
    return progressing("True", "NewReplicaSetCreated", `Created new replica set "${news.set}"`);
  }
  const done = (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0);
  if (done && known?.reason === "NewReplicaSetAvailable") return conditions;
  if (isComplete(deployment, counts)) {
    return progressing("True", "NewReplicaSetAvailable", `${subject} has successfully progressed.`);
  }
  if (hasProgressed(deployment, counts)) {
    const message = `${subject} is progressing.`;
    // Every step counts: the deadline runs from the last one.
    return renew(
      conditions,
      { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message },
      nowMs,
    );
  }
  if (hasTimedOut(deployment, known, nowMs)) {
    return progressing("False", "ProgressDeadlineExceeded", `${subject} has timed out progressing.`);
  }
  if (news?.what === "found" && !known) {
    return progressing("True", "FoundNewReplicaSet", `Found new replica set "${news.set}"`);
  }
  return conditions;
}

/** All pods are new and available, and nothing of the old is left. */
export function isComplete({ spec, metadata }: Deployment, counts: Counts): boolean {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration = 0 } = counts;
  return (
    updatedReplicas === spec.replicas &&
    replicas === spec.replicas &&
    availableReplicas === spec.replicas &&
    observedGeneration >= (metadata.generation ?? 0)
  );
}

function hasProgressed({ status }: Deployment, counts: Counts): boolean {
  const numbers = ({
    replicas = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
    availableReplicas = 0,
  }: Counts) => ({
    updated: updatedReplicas,
    old: replicas - updatedReplicas,
    ready: readyReplicas,
    available: availableReplicas,
  });
  const [now, before] = [numbers(counts), numbers(status)];
  return (
    now.updated > before.updated ||
    now.old < before.old ||
    now.ready > before.ready ||
    now.available > before.available
  );
}

function hasTimedOut(deployment: Deployment, known: DeploymentCondition | undefined, nowMs: number): boolean {
  if (!known || known.reason === "NewReplicaSetAvailable") return false;
  if (known.reason === "ProgressDeadlineExceeded") return true;
  return deadlineMs(deployment, known) < nowMs;
}

const deadlineMs = ({ spec }: Deployment, { lastUpdateTime }: DeploymentCondition): number =>
  (lastUpdateTime ? parseTime(lastUpdateTime) : 0) + spec.progressDeadlineSeconds * 1000;

/** When to look again whether the deadline has passed, in milliseconds from now. */
export function deadlineAfterMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const known = conditionOf({ status }, "Progressing");
  if (!known || !hasDeadline(deployment) || deployment.spec.paused) return undefined;
  if (known.reason === "NewReplicaSetAvailable" || known.reason === "ProgressDeadlineExceeded")
    return undefined;
  if (isComplete(deployment, status)) return undefined;
  return Math.max(0, deadlineMs(deployment, known) - nowMs) + AFTER_DEADLINE_MS;
}

function afterPause(
  deployment: Deployment,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): readonly DeploymentCondition[] {
  const known = conditions.find(({ type }) => type === "Progressing");
  if (!hasDeadline(deployment) || known?.reason === "ProgressDeadlineExceeded") return conditions;
  const wasPaused = known?.reason === "DeploymentPaused";
  const unknown = (reason: string, message: string) =>
    put(conditions, { type: "Progressing", status: "Unknown", reason, message }, nowMs);
  if (deployment.spec.paused && !wasPaused) return unknown("DeploymentPaused", "Deployment is paused");
  if (!deployment.spec.paused && wasPaused) return unknown("DeploymentResumed", "Deployment is resumed");
  return conditions;
}

function afterFailures(
  { current, old }: Sets,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): readonly DeploymentCondition[] {
  const failureOf = (set: ReplicaSet | undefined) =>
    set?.status.conditions?.find(({ type }) => type === "ReplicaFailure");
  const failure = failureOf(current) ?? old.map(failureOf).find(Boolean);
  if (!failure) return withoutCondition(conditions, "ReplicaFailure");
  const { type, status, reason, message } = failure;
  return put(conditions, { type, status, reason, message }, nowMs);
}

/** As the others of its kind do: a condition with the same status and reason is left alone. */
function put(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): readonly DeploymentCondition[] {
  const known = conditions.find(({ type }) => type === condition.type);
  if (known?.status === condition.status && known.reason === condition.reason) return conditions;
  return renew(conditions, condition, nowMs);
}

function renew(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): readonly DeploymentCondition[] {
  const now = formatTime(nowMs);
  const known = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
  const made = { ...condition, lastUpdateTime: now, lastTransitionTime } as DeploymentCondition;
  return [...conditions.filter((other) => other !== known), made];
}
