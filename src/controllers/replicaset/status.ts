import type { ReplicaSetStatus } from "#api/apps-v1/replicaset";
import type { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { isReady } from "#api/core-v1/podstate";
import type { AnyObject } from "#machinery/schema";
import { withCondition, withoutCondition } from "../conditions.ts";
import { isActive, isAvailable, isTerminating } from "../pod-facts.ts";

/** What went wrong in a pass, as far as the status tells it. */
export interface Failure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

interface Wanted {
  readonly template: PodTemplateSpec;
  readonly minReadySeconds: number;
  readonly showsTerminating: boolean;
}

/** The status that follows from the pods. `pods` are all that belong to the set. */
export function observe(
  { metadata, status }: AnyObject & { readonly status: ReplicaSetStatus },
  { template, minReadySeconds, showsTerminating }: Wanted,
  pods: readonly Pod[],
  failure: Failure | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const active = pods.filter(isActive);
  const wantedLabels = Object.entries(template.metadata.labels ?? {});
  const labelled = active.filter((pod) =>
    wantedLabels.every(([key, value]) => pod.metadata.labels?.[key] === value),
  ).length;
  const ready = active.filter(isReady);
  const available = ready.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length;
  const conditions = conditionsAfter(status.conditions ?? [], failure, nowMs);
  const { generation } = metadata;
  return {
    replicas: active.length,
    ...(labelled ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready.length ? { readyReplicas: ready.length } : {}),
    ...(available ? { availableReplicas: available } : {}),
    ...(showsTerminating ? { terminatingReplicas: pods.filter(isTerminating).length } : {}),
    ...(generation ? { observedGeneration: generation } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function conditionsAfter(
  conditions: NonNullable<ReplicaSetStatus["conditions"]>,
  failure: Failure | undefined,
  nowMs: number,
) {
  if (!failure) return withoutCondition(conditions, "ReplicaFailure");
  // The message names a pod that is another one at each try: telling it anew would be a write, and so the next try.
  if (conditions.some(({ type, reason }) => type === "ReplicaFailure" && reason === failure.reason))
    return conditions;
  return withCondition(conditions, { type: "ReplicaFailure", status: "True", ...failure }, nowMs);
}
