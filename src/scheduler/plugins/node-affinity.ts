/** Keeps to the pod's node selector and required node affinity; prefers the nodes it prefers. */
import type { NodeSelector, PreferredSchedulingTerm } from "#api/core-v1/affinity";
import type { NodeInfo } from "../node-info.ts";
import { matchesNodeSelector, matchesTerm } from "../node-selector.ts";
import { fits, indifferent, plugin, rejected, scaled } from "../plugin.ts";
import type { Pod } from "#api/core-v1/pod";

interface Wishes {
  readonly labels: readonly [string, string][];
  readonly required: NodeSelector | undefined;
  readonly preferred: readonly PreferredSchedulingTerm[];
}

export const nodeAffinity = plugin<Wishes>({
  name: "NodeAffinity",
  weight: 2,
  prepare(pod) {
    const wishes = wishesOf(pod);
    const none = wishes.labels.length === 0 && !wishes.required && wishes.preferred.length === 0;
    return none ? indifferent : wishes;
  },
  filter: (wishes, node) =>
    admits(wishes, node)
      ? fits
      : rejected(["node(s) didn't match Pod's node affinity/selector"], { preemptible: false }),
  score: ({ preferred }, node) =>
    preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
  normalize: (scores) => scaled(scores),
  wakesOn: [
    { kind: "Node", change: "added" },
    { kind: "Node", change: "labels" },
  ],
});

function wishesOf({ spec }: Pod): Wishes {
  const affinity = spec.affinity?.nodeAffinity;
  return {
    labels: Object.entries(spec.nodeSelector ?? {}),
    required: affinity?.requiredDuringSchedulingIgnoredDuringExecution,
    preferred: affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

const admits = ({ labels, required }: Wishes, node: NodeInfo): boolean =>
  labels.every(([key, value]) => node.labels[key] === value) &&
  (!required || matchesNodeSelector(required, node));

/** May the pod be on the node, as far as labels are concerned? */
export const admittedByAffinity = (pod: Pod, node: NodeInfo): boolean => admits(wishesOf(pod), node);
