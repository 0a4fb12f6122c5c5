import type { Pod } from "#api/core-v1/pod";
import type { ClusterState } from "./cluster-state.ts";
import type { NodeInfo } from "./node-info.ts";

/** A change in the cluster that may make room for a pod that found none. */
export interface ClusterChange {
  readonly kind: "Pod" | "Node" | "Namespace";
  readonly change:
    | "added"
    | "deleted"
    | "labels"
    | "scaled-down"
    | "allocatable"
    | "taints"
    | "ports"
    | "gates";
}

/** Why a node was turned down. `undefined` stands for a node that fits. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** Removing pods from the node could turn it around. */
  readonly preemptible: boolean;
}

export const fits = undefined;

export const rejected = (reasons: readonly string[], { preemptible = true } = {}): Rejection => ({
  reasons,
  preemptible,
});

/** `prepare` gives this when the plugin has nothing to say about the pod: then it is not asked about any node. */
export const indifferent: unique symbol = Symbol("indifferent");

/** The best score a plugin can give a node. */
export const SCORE_MAX = 100;

/** One reason why a pod lands where it lands. What `prepare` gives is the first argument of the others. */
export interface Plugin<P = unknown> {
  readonly name: string;
  /** How much its scores count beside the others'. */
  readonly weight?: number;
  /** Once for a pod; `filter` and `score` get the result for every node. */
  prepare(pod: Pod, state: ClusterState): P | typeof indifferent;
  filter?(prepared: P, node: NodeInfo, pod: Pod): Rejection | undefined;
  /** Higher is better; 0 to SCORE_MAX, unless `normalize` brings it there. */
  score?(prepared: P, node: NodeInfo, pod: Pod): number;
  /** Maps the scores of all candidates to 0 to SCORE_MAX. */
  normalize?(scores: readonly number[], prepared: P): readonly number[];
  /** Only these can turn a rejection around, so nothing else wakes a pod rejected here. */
  readonly wakesOn: readonly ClusterChange[];
}

/** Ties the type of `prepare`'s result to the other functions, then forgets it: plugins stand in one list. */
export const plugin = <P>(definition: Plugin<P>): Plugin => definition as Plugin;

/** Scales scores so that the highest becomes SCORE_MAX; `reverse` makes the lowest the best. */
export function scaled(scores: readonly number[], { reverse = false } = {}): readonly number[] {
  const most = Math.max(0, ...scores);
  if (most === 0) return reverse ? scores.map(() => SCORE_MAX) : scores;
  return scores.map((score) => {
    const share = Math.floor((SCORE_MAX * score) / most);
    return reverse ? SCORE_MAX - share : share;
  });
}
