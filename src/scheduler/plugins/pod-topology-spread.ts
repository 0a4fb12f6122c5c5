/** Keeps pods that belong together spread over zones and nodes, within the skew that the pod allows. */
import type { TopologySpreadConstraint } from "#api/core-v1/affinity";
import type { Pod } from "#api/core-v1/pod";
import { type Toleration, untolerated } from "#api/core-v1/taint";
import { compileSelector } from "#machinery/label-selector";
import type { ClusterState } from "../cluster-state.ts";
import type { NodeInfo } from "../node-info.ts";
import type { Marked } from "../placed-pod.ts";
import { fits, indifferent, plugin, rejected, SCORE_MAX } from "../plugin.ts";
import { admittedByAffinity } from "./node-affinity.ts";

/** One constraint with the pods counted in each domain. */
interface Spread {
  readonly key: string;
  readonly hard: boolean;
  readonly maxSkew: number;
  readonly counts: ReadonlyMap<string, number>;
  /** The emptiest domain; 0 when there are fewer domains than asked for. */
  readonly least: number;
  /** The pod itself counts where it lands. */
  readonly self: number;
}

/** What spreads pods of one owner when they say nothing themselves. */
const DEFAULTS = [
  { topologyKey: "kubernetes.io/hostname", maxSkew: 3 },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5 },
] as const;

export const podTopologySpread = plugin<readonly Spread[]>({
  name: "PodTopologySpread",
  weight: 2,

  prepare(pod, state) {
    const constraints = pod.spec.topologySpreadConstraints ?? [];
    const spreads =
      constraints.length > 0
        ? constraints.map((constraint) => spreadOf(constraint, pod, state))
        : defaultSpreads(pod, state);
    return spreads.length === 0 ? indifferent : spreads;
  },

  filter(spreads, node) {
    for (const { hard, key, counts, least, maxSkew, self } of spreads) {
      if (!hard) continue;
      const domain = node.labels[key];
      if (domain === undefined) {
        const reason = "node(s) didn't match pod topology spread constraints (missing required label)";
        return rejected([reason], { preemptible: false });
      }
      if ((counts.get(domain) ?? 0) + self - least > maxSkew) {
        return rejected(["node(s) didn't match pod topology spread constraints"]);
      }
    }
    return fits;
  },

  /** How crowded the node's domains are; few is good. */
  score: (spreads, node) =>
    spreads.reduce((sum, { hard, key, counts, maxSkew }) => {
      const domain = node.labels[key];
      if (hard) return sum;
      if (domain === undefined) return sum + counts.size;
      return sum + (counts.get(domain) ?? 0) * Math.log(counts.size + 2) + maxSkew - 1;
    }, 0),

  normalize(scores) {
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    if (most === 0) return scores.map(() => SCORE_MAX);
    return scores.map((score) => Math.floor((SCORE_MAX * (most + least - score)) / most));
  },

  wakesOn: [
    { kind: "Pod", change: "added" },
    { kind: "Pod", change: "deleted" },
    { kind: "Pod", change: "labels" },
    { kind: "Node", change: "added" },
    { kind: "Node", change: "labels" },
    { kind: "Node", change: "taints" },
  ],
});

function spreadOf(constraint: TopologySpreadConstraint, pod: Pod, state: ClusterState): Spread {
  const { topologyKey: key, maxSkew, whenUnsatisfiable, minDomains = 1 } = constraint;
  const matches = matcherOf(constraint, pod);
  const counts = new Map<string, number>();
  for (const node of state.nodeList) {
    const domain = node.labels[key];
    if (domain !== undefined && isCounted(constraint, pod, node)) counts.set(domain, counts.get(domain) ?? 0);
  }
  countPods(counts, key, state, pod, (other, node) => matches(other) && isCounted(constraint, pod, node));
  const least = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const hard = whenUnsatisfiable === "DoNotSchedule";
  return { key, hard, maxSkew, counts, least, self: matches(pod) ? 1 : 0 };
}

function defaultSpreads(pod: Pod, state: ClusterState): Spread[] {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
  if (owner === undefined) return [];
  return DEFAULTS.map(({ topologyKey: key, maxSkew }) => {
    const counts = new Map<string, number>();
    countPods(
      counts,
      key,
      state,
      pod,
      (other) => other.metadata.ownerReferences?.some(({ uid }) => uid === owner) ?? false,
    );
    return { key, hard: false, maxSkew, counts, least: 0, self: 1 };
  });
}

function countPods(
  counts: Map<string, number>,
  key: string,
  state: ClusterState,
  pod: Pod,
  counted: (other: Marked, node: NodeInfo) => boolean,
): void {
  for (const other of state.podsIn(pod.metadata.namespace ?? "")) {
    if (other.metadata.deletionTimestamp) continue;
    const node = state.nodeOf(other);
    const domain = node?.labels[key];
    if (node && domain !== undefined && counted(other, node))
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
}

function matcherOf(
  { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint,
  pod: Pod,
): (other: Marked) => boolean {
  const own = pod.metadata.labels ?? {};
  const selected = labelSelector ? compileSelector(labelSelector) : () => false;
  return ({ metadata: { labels = {} } }) =>
    selected(labels) && matchLabelKeys.every((key) => own[key] === undefined || labels[key] === own[key]);
}

/** Is the node one of those among which the pod is to be spread? */
function isCounted(
  { nodeAffinityPolicy = "Honor", nodeTaintsPolicy = "Ignore" }: TopologySpreadConstraint,
  pod: Pod,
  node: NodeInfo,
): boolean {
  if (nodeAffinityPolicy === "Honor" && !admittedByAffinity(pod, node)) return false;
  return nodeTaintsPolicy === "Ignore" || toleratesAll(pod.spec.tolerations ?? [], node);
}

const toleratesAll = (tolerations: readonly Toleration[], { taints }: NodeInfo): boolean =>
  untolerated(taints, tolerations).every(({ effect }) => effect === "PreferNoSchedule");
