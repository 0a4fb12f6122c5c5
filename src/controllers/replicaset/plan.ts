import type { Pod } from "#api/core-v1/pod";
import { isActive } from "../pod-facts.ts";
import { cheapestToLose } from "./ranking.ts";

/** One pass adds or removes at most this many; the watch event of the last one starts the next. */
const PODS_PER_PASS_MAX = 500;

export interface Plan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

export const nothing: Plan = { create: 0, remove: [] };

/** Decides how many pods to add, or which ones to give up. `crowd`: related pods on a node. */
export function planReplicas(
  wanted: number,
  pods: readonly Pod[],
  crowd: (node: string) => number,
  nowMs: number,
): Plan {
  const active = pods.filter(isActive);
  const missing = wanted - active.length;
  if (missing >= 0) return { create: Math.min(missing, PODS_PER_PASS_MAX), remove: [] };
  const surplus = Math.min(-missing, PODS_PER_PASS_MAX);
  return { create: 0, remove: cheapestToLose(active, crowd, nowMs).slice(0, surplus) };
}
