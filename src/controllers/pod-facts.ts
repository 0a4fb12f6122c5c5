import type { Pod } from "#api/core-v1/pod";
import { conditionOf, isReady, isTerminal } from "#api/core-v1/podstate";
import { parseTime } from "#machinery/time";

/** It was told to go. */
export const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** Counts as one of the pods that are wanted: neither finished nor on its way out. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isLeaving(pod);

/** On its way out, with containers that may still run. */
export const isTerminating = (pod: Pod): boolean => isLeaving(pod) && !isTerminal(pod);

/** Since when it is ready, in epoch milliseconds; undefined while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = conditionOf(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  return ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) : undefined;
}

/** When it will have been ready long enough, in epoch milliseconds; undefined while it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return -Infinity;
  const since = readySinceMs(pod);
  return since === undefined ? undefined : since + minReadySeconds * 1000;
}

/** Has it been ready for `minReadySeconds` without a break? */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const at = availableAtMs(pod, minReadySeconds);
  return at !== undefined && at <= nowMs;
}

/** How long until the next of these pods becomes available by the mere passing of time. */
export function nextAvailabilityMs(
  pods: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  if (minReadySeconds === 0) return undefined;
  const due = pods.map((pod) => availableAtMs(pod, minReadySeconds) ?? 0).filter((at) => at > nowMs);
  return due.length === 0 ? undefined : Math.min(...due) - nowMs;
}

/** How often its most restless container was restarted. */
export const restartsOf = ({ status }: Pod): number =>
  (status.containerStatuses ?? []).reduce((most, { restartCount }) => Math.max(most, restartCount ?? 0), 0);
