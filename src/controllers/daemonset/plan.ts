import type { DaemonSet, DaemonSetStatus } from "#api/apps-v1/daemonset";
import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { scaledValue } from "#machinery/int-or-string";
import { REVISION_HASH } from "../history/revisions.ts";
import { isAvailable, isLeaving } from "../pod-facts.ts";
import { fitOf, nodeOf } from "./node-fit.ts";

export interface Plan {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Failed pods that make place for new ones. */
  readonly failed: readonly Pod[];
  readonly status: DaemonSetStatus;
}

interface Place {
  readonly node: Node;
  readonly runs: boolean;
  readonly stays: boolean;
  readonly pods: readonly Pod[];
}

/** Decides which nodes get or lose a pod, and which old pods make place for new ones. */
export function planDaemons(
  set: DaemonSet,
  nodes: Iterable<Node>,
  pods: readonly Pod[],
  hash: string,
  nowMs: number,
): Plan {
  const byNode = Map.groupBy(pods, ({ spec }) => nodeOf(spec) ?? "");
  const places = [...nodes].map((node): Place => {
    const mine = byNode.get(node.metadata.name) ?? [];
    byNode.delete(node.metadata.name);
    return { node, ...fitOf(set.spec.template.spec, node), pods: mine };
  });
  // Pods for nodes that are not there: those that never came to run go; the others are the pod collector's.
  const strays = [...byNode.values()].flat().filter((pod) => !pod.spec.nodeName && !isLeaving(pod));
  const status = statusOf(set, places, hash, nowMs);
  if (set.metadata.deletionTimestamp) return { create: [], remove: [], failed: [], status };
  const create: string[] = [];
  const remove: Pod[] = [...strays];
  const failed: Pod[] = [];
  for (const place of places) {
    const present = place.pods.filter((pod) => !isLeaving(pod));
    const over = present.filter(isTerminal);
    const living = present.filter((pod) => !isTerminal(pod));
    if (!place.stays) remove.push(...present);
    else if (!place.runs) failed.push(...over);
    else {
      failed.push(...over);
      if (place.pods.length === 0) create.push(place.node.metadata.name);
      remove.push(...extras(set, living, hash, nowMs));
    }
  }
  const roll =
    set.spec.updateStrategy.type === "OnDelete" ? NO_ROLL : planRoll(set, places, remove, hash, nowMs);
  return { create: [...create, ...roll.create], remove: [...remove, ...roll.remove], failed, status };
}

/** One pod a node is enough; while a surge replaces it, an old and a new one. */
function extras(set: DaemonSet, living: readonly Pod[], hash: string, nowMs: number): readonly Pod[] {
  const oldestFirst = living.toSorted((a, b) =>
    a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1,
  );
  const [firstNew, ...moreNew] = oldestFirst.filter((pod) => isNew(pod, hash));
  const [firstOld, ...moreOld] = oldestFirst.filter((pod) => !isNew(pod, hash));
  const replaced = firstNew && firstOld && isAvailable(firstNew, set.spec.minReadySeconds ?? 0, nowMs);
  const needless = firstNew && firstOld && (replaced || surgeOf(set, 1) === 0) ? [firstOld] : [];
  return [...moreNew, ...moreOld, ...needless];
}

const isNew = ({ metadata }: Pod, hash: string): boolean => metadata.labels?.[REVISION_HASH] === hash;

const surgeOf = ({ spec: { updateStrategy } }: DaemonSet, wanted: number): number =>
  updateStrategy.type === "OnDelete"
    ? 0
    : scaledValue(updateStrategy.rollingUpdate?.maxSurge ?? 0, wanted, { roundUp: true });

interface Roll {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}
const NO_ROLL: Roll = { create: [], remove: [] };

function planRoll(
  set: DaemonSet,
  places: readonly Place[],
  removed: readonly Pod[],
  hash: string,
  nowMs: number,
): Roll {
  const wanted = places.filter(({ runs }) => runs);
  const serves = (pod: Pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs) && !isLeaving(pod);
  const outdated = wanted.flatMap(({ node, pods }) => {
    const living = pods.filter((pod) => !isTerminal(pod) && !isLeaving(pod) && !removed.includes(pod));
    const [old] = living.filter((pod) => !isNew(pod, hash));
    return old && living.length === 1 ? [{ node: node.metadata.name, old }] : [];
  });
  const idle = outdated.filter(({ old }) => !serves(old));
  const busy = outdated.filter(({ old }) => serves(old));
  const surge = surgeOf(set, wanted.length);
  if (surge > 0) {
    const underWay = wanted.filter(
      ({ pods }) => pods.filter((pod) => !isTerminal(pod) && !isLeaving(pod)).length > 1,
    ).length;
    const next = busy.slice(0, Math.max(0, surge - underWay));
    return { create: next.map(({ node }) => node), remove: idle.map(({ old }) => old) };
  }
  const { maxUnavailable = 1 } = set.spec.updateStrategy.rollingUpdate ?? {};
  const allowed = scaledValue(maxUnavailable, wanted.length, { roundUp: true });
  const unavailable = wanted.filter(({ pods }) => !pods.some(serves)).length;
  const next = busy.slice(0, Math.max(0, allowed - unavailable));
  return { create: [], remove: [...idle, ...next].map(({ old }) => old) };
}

function statusOf(set: DaemonSet, places: readonly Place[], hash: string, nowMs: number): DaemonSetStatus {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  let [desired, current, misscheduled, ready, updated, available] = [0, 0, 0, 0, 0, 0];
  for (const { runs, stays, pods } of places) {
    const living = pods.filter((pod) => !isTerminal(pod));
    if (runs) desired++;
    if (!runs) misscheduled += !stays && living.length > 0 ? 1 : 0;
    if (!runs || living.length === 0) continue;
    current++;
    if (living.some(isReady)) ready++;
    if (living.some((pod) => isAvailable(pod, minReadySeconds, nowMs))) available++;
    const newest = living.toSorted((a, b) =>
      a.metadata.creationTimestamp > b.metadata.creationTimestamp ? -1 : 1,
    );
    if (newest.some((pod) => isNew(pod, hash))) updated++;
  }
  const { conditions, collisionCount } = set.status;
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(desired > available ? { numberUnavailable: desired - available } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}
