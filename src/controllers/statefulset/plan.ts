import type { StatefulSet, StatefulSetStatus } from "#api/apps-v1/statefulset";
import type { Pod } from "#api/core-v1/pod";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { isAvailable, isLeaving } from "../pod-facts.ts";
import { ordinalOf, revisionOf } from "./identity.ts";

export interface Revisions {
  /** Name of the revision that pods had before, and of the one that they are to have. */
  readonly current: string;
  readonly update: string;
}

export interface Plan {
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[];
  readonly remove: readonly Pod[];
}

const nothing: Plan = { create: [], remove: [] };

const remove = (...pods: readonly Pod[]): Plan => ({ create: [], remove: pods });

/** Ordinals that the set is to have, from the lowest. */
export function ordinalsOf({ spec: { replicas, ordinals } }: StatefulSet): readonly number[] {
  const start = ordinals?.start ?? 0;
  return Array.from({ length: replicas }, (_, index) => start + index);
}

/** The next step: one pod at a time in the order of the ordinals, or all at once where the set allows it. */
export function planStateful(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): Plan {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const wanted = ordinalsOf(set);
  const monotonic = set.spec.podManagementPolicy !== "Parallel";
  const create: { ordinal: number; revision: string }[] = [];
  const over: Pod[] = [];
  for (const ordinal of wanted) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) create.push({ ordinal, revision: revisionFor(set, ordinal, revisions) });
    else if (isTerminal(pod) && !isLeaving(pod)) over.push(pod);
    else if (isHealthy(set, pod, nowMs)) continue;
    if (monotonic && pod && !isTerminal(pod)) return nothing;
    if (monotonic) return { create, remove: over };
  }
  if (create.length + over.length > 0) return { create, remove: over };

  const condemned = pods
    .filter((pod) => !wanted.includes(ordinalOf(set, pod) ?? -1))
    .toSorted((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0));
  if (!monotonic) {
    const present = condemned.filter((pod) => !isLeaving(pod));
    if (present.length > 0) return remove(...present);
  } else if (condemned[0]) {
    return mayGo(condemned[0], pods, set) ? remove(condemned[0]) : nothing;
  }
  return planUpdate(set, wanted, byOrdinal, revisions, nowMs);
}

/** What serves may go, and so may the lowest of those that do not; any other waits until it serves again. */
function mayGo(last: Pod, pods: readonly Pod[], set: StatefulSet): boolean {
  const serves = (pod: Pod) => isReady(pod) && !isLeaving(pod);
  if (isLeaving(last) || serves(last)) return !isLeaving(last);
  const place = ordinalOf(set, last) ?? 0;
  return pods.every((pod) => serves(pod) || (ordinalOf(set, pod) ?? 0) >= place);
}

/** From the highest ordinal down: the next old pod goes when all that are newer serve. */
function planUpdate(
  set: StatefulSet,
  wanted: readonly number[],
  pods: ReadonlyMap<number | undefined, Pod>,
  { update }: Revisions,
  nowMs: number,
): Plan {
  if (set.spec.updateStrategy.type === "OnDelete") return nothing;
  const from = (set.spec.ordinals?.start ?? 0) + (set.spec.updateStrategy.rollingUpdate?.partition ?? 0);
  for (const ordinal of wanted.toReversed()) {
    if (ordinal < from) return nothing;
    const pod = pods.get(ordinal);
    if (!pod) return nothing;
    if (revisionOf(pod) !== update && !isLeaving(pod)) return remove(pod);
    if (!isHealthy(set, pod, nowMs)) return nothing;
  }
  return nothing;
}

const isHealthy = ({ spec }: StatefulSet, pod: Pod, nowMs: number): boolean =>
  !isLeaving(pod) && isAvailable(pod, spec.minReadySeconds ?? 0, nowMs);

/** Below the partition pods keep the revision they had. */
function revisionFor({ spec, status }: StatefulSet, ordinal: number, { current, update }: Revisions): string {
  const start = spec.ordinals?.start ?? 0;
  if (spec.updateStrategy.type !== "RollingUpdate") return update;
  const kept = spec.updateStrategy.rollingUpdate?.partition ?? status.currentReplicas ?? 0;
  return ordinal < start + kept ? current : update;
}

export function observe(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): StatefulSetStatus {
  const count = (counts: (pod: Pod) => boolean) => pods.filter(counts).length;
  const replicas = count((pod) => !isTerminal(pod));
  const ready = count((pod) => isReady(pod) && !isLeaving(pod));
  const updated = count((pod) => revisionOf(pod) === revisions.update && !isLeaving(pod));
  // With all pods new and ready, the new revision is the one to go on from.
  const isDone =
    updated === set.spec.replicas && ready === set.spec.replicas && replicas === set.spec.replicas;
  const current = isDone ? revisions.update : revisions.current;
  const currentReplicas = count((pod) => revisionOf(pod) === current && !isLeaving(pod));
  const { conditions, collisionCount } = set.status;
  return {
    ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
    replicas,
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(currentReplicas > 0 ? { currentReplicas } : {}),
    ...(updated > 0 ? { updatedReplicas: updated } : {}),
    currentRevision: current,
    updateRevision: revisions.update,
    collisionCount: collisionCount ?? 0,
    ...(conditions === undefined ? {} : { conditions }),
    availableReplicas: count((pod) => isHealthy(set, pod, nowMs)),
  };
}
