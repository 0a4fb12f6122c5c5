import type { Pod } from "#api/core-v1/pod";
import type { ClusterState } from "./cluster-state.ts";
import { filterNode, type Placement, prepareAll } from "./cycle.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PlacedPod } from "./placed-pod.ts";
import type { Plugin } from "./plugin.ts";

/** A node on which a pod fits once the victims are gone. */
export interface Preemption {
  readonly node: NodeInfo;
  readonly victims: readonly PlacedPod[];
}

/** Nodes tried before the best of what was found is taken. */
const NODES_TRIED_MAX = 100;

/**
 * Which pods of lower priority must go, and where, so that the pod fits: few disturbed budgets, then low and few
 * victims. `protectedByBudget` says whether a disruption budget forbids evicting a pod. Decides and does nothing.
 */
export function planPreemption(
  pod: Pod,
  failed: Extract<Placement, { placed: false }>,
  state: ClusterState,
  plugins: readonly Plugin[],
  protectedByBudget: (victim: PlacedPod) => boolean,
): Preemption | undefined {
  if (pod.spec.preemptionPolicy === "Never") return undefined;
  const promising = [...failed.rejections].filter(([, { preemptible }]) => preemptible).map(([name]) => name);
  let bestFound: Preemption | undefined;
  let tried = 0;
  for (const name of promising) {
    const node = state.nodes.get(name);
    if (!node || tried >= NODES_TRIED_MAX) continue;
    const victims = victimsOn(node, pod, state, plugins);
    if (!victims) continue;
    tried++;
    const found = { node, victims };
    if (!bestFound || compare(found, bestFound, protectedByBudget) < 0) bestFound = found;
  }
  return bestFound;
}

/** The fewest and least important pods whose removal lets the pod in; undefined when even all of them would not. */
function victimsOn(
  node: NodeInfo,
  pod: Pod,
  state: ClusterState,
  plugins: readonly Plugin[],
): readonly PlacedPod[] | undefined {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < (pod.spec.priority ?? 0));
  if (lower.length === 0) return undefined;
  const fitsWithout = (gone: readonly PlacedPod[]): boolean => {
    // Plugins look at the whole cluster: the victims have to be gone from it while they are asked.
    for (const victim of gone) state.removePod(victim);
    const refused = filterNode(prepareAll(plugins, pod, state), node, pod);
    for (const victim of gone) state.putBack(victim, node.name);
    return refused === undefined;
  };
  if (!fitsWithout(lower)) return undefined;
  // The most important ones are the first to be let off.
  let victims = lower;
  for (const candidate of lower.toSorted((one, other) => other.priority - one.priority)) {
    const fewer = victims.filter((victim) => victim !== candidate);
    if (fitsWithout(fewer)) victims = fewer;
  }
  return victims;
}

function compare(
  one: Preemption,
  other: Preemption,
  protectedByBudget: (victim: PlacedPod) => boolean,
): number {
  const violations = ({ victims }: Preemption) => victims.filter(protectedByBudget).length;
  const highest = ({ victims }: Preemption) => Math.max(...victims.map(({ priority }) => priority));
  const total = ({ victims }: Preemption) => victims.reduce((sum, victim) => sum + victim.priority, 0);
  return (
    violations(one) - violations(other) ||
    highest(one) - highest(other) ||
    total(one) - total(other) ||
    one.victims.length - other.victims.length
  );
}
