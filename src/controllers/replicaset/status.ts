import type { ReplicaSet, ReplicaSetStatus } from "#api/apps-v1/replicaset";
import type { Pod } from "#api/core-v1/pod";
import { withCondition, withoutCondition } from "../conditions.ts";
import { isActive, isAvailable, isReady, isTerminating } from "../pod-facts.ts";

/** What went wrong in a pass, as far as the status tells it. */
export interface Failure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

/** The status that follows from the pods. `pods` are all that belong to the set. */
export function observe(
  set: ReplicaSet,
  pods: readonly Pod[],
  failure: Failure | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const active = pods.filter(isActive);
  const wantedLabels = Object.entries(set.spec.template.metadata.labels ?? {});
  const labelled = active.filter(({ metadata }) =>
    wantedLabels.every(([key, value]) => metadata.labels?.[key] === value),
  ).length;
  const ready = active.filter(isReady);
  const available = ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length;
  const conditions = conditionsAfter(set, failure, nowMs);
  const { generation } = set.metadata;
  return {
    replicas: active.length,
    ...(labelled ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready.length ? { readyReplicas: ready.length } : {}),
    ...(available ? { availableReplicas: available } : {}),
    terminatingReplicas: pods.filter(isTerminating).length,
    ...(generation ? { observedGeneration: generation } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function conditionsAfter({ status }: ReplicaSet, failure: Failure | undefined, nowMs: number) {
  const conditions = status.conditions ?? [];
  if (!failure) return withoutCondition(conditions, "ReplicaFailure");
  return withCondition(conditions, { type: "ReplicaFailure", status: "True", ...failure }, nowMs);
}
