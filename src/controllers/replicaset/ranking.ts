import type { Pod } from "#api/core-v1/pod";
import { isReady } from "#api/core-v1/podstate";
import { parseTime } from "#machinery/time";
import { readySinceMs, restartsOf } from "../pod-facts.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASES = ["Pending", "Unknown", "Running"];

/** What ranking knows of one pod. Smaller values go first. */
type Rank = readonly number[];

/**
 * The pods in the order in which a set gives them up: those that serve least come first. `crowd` counts the related
 * pods on a node: of equals, those on crowded nodes go.
 */
export function cheapestToLose(
  pods: readonly Pod[],
  crowd: (node: string) => number,
  nowMs: number,
): readonly Pod[] {
  const ranked = pods.map((pod) => ({ pod, rank: rankOf(pod, crowd, nowMs) }));
  ranked.sort((a, b) => compare(a.rank, b.rank) || (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1));
  return ranked.map(({ pod }) => pod);
}

function rankOf(pod: Pod, crowd: (node: string) => number, nowMs: number): Rank {
  const { nodeName } = pod.spec;
  const ready = isReady(pod);
  return [
    nodeName ? 1 : 0,
    PHASES.indexOf(pod.status.phase ?? "Pending"),
    ready ? 1 : 0,
    deletionCost(pod),
    nodeName ? -crowd(nodeName) : 0,
    // Of pods that are ready for about as long, chance (the uid) decides, so that no zone loses all its newest pods.
    ready ? ageClass(readySinceMs(pod), nowMs) : 0,
    -restartsOf(pod),
    ageClass(parseTime(pod.metadata.creationTimestamp), nowMs),
  ];
}

/** Ages in classes that double: 0 for the youngest. Without a time it counts as youngest. */
const ageClass = (sinceMs: number | undefined, nowMs: number): number =>
  sinceMs === undefined ? 0 : Math.floor(Math.log2(Math.max(0, (nowMs - sinceMs) / 1000) + 1));

function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[DELETION_COST] ?? "";
  return /^[+-]?\d{1,10}$/.test(text) ? Number(text) : 0;
}

function compare(a: Rank, b: Rank): number {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return 0;
}
