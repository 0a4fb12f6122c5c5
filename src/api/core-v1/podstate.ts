import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import type { PodSpec } from "./podspec.ts";
import type { PodCondition, PodStatus } from "./podstatus.ts";

/** A pod, as far as its state goes. */
export interface PodParts {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

/** The condition of this type, if the pod has one. */
export const conditionOf = ({ status }: Pick<PodParts, "status">, type: string): PodCondition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** All its containers have ended for good. */
export const isTerminal = ({ status: { phase } }: Pick<PodParts, "status">): boolean =>
  phase === "Succeeded" || phase === "Failed";

/** May it be sent traffic? */
export const isReady = (pod: Pick<PodParts, "status">): boolean =>
  conditionOf(pod, "Ready")?.status === "True";

/** The annotation by which a kubelet marks the API's copy of a pod that it runs from a file. */
export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** Is this the API's copy of a pod that a kubelet runs from a file? */
export const isMirror = ({ metadata }: Pick<PodParts, "metadata">): boolean =>
  metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
