import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { parseTime } from "#machinery/time";
import type { PodSpec } from "./podspec.ts";
import type { PodCondition, PodStatus } from "./podstatus.ts";

/** A pod, as far as its state goes. */
export interface PodParts {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

export const conditionOf = ({ status }: Pick<PodParts, "status">, type: string): PodCondition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** All its containers have ended for good. */
export const isTerminal = ({ status: { phase } }: Pick<PodParts, "status">): boolean =>
  phase === "Succeeded" || phase === "Failed";

/** Neither ended nor on its way out. */
export const isActive = (pod: PodParts): boolean =>
  !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

/** May it be sent traffic? */
export const isReady = (pod: Pick<PodParts, "status">): boolean =>
  conditionOf(pod, "Ready")?.status === "True";

/** When it becomes available, in milliseconds: ready for `minReadySeconds` without a break. Undefined while it is not ready. */
export function availableFrom(pod: Pick<PodParts, "status">, minReadySeconds: number): number | undefined {
  const ready = conditionOf(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  if (minReadySeconds === 0) return 0;
  return ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) + minReadySeconds * 1000 : undefined;
}

export const isAvailable = (pod: Pick<PodParts, "status">, minReadySeconds: number, now: number): boolean =>
  (availableFrom(pod, minReadySeconds) ?? Infinity) <= now;

/** The annotation by which a kubelet marks the API's copy of a pod that it runs from a file. */
export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

export const isMirror = ({ metadata }: Pick<PodParts, "metadata">): boolean =>
  metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
