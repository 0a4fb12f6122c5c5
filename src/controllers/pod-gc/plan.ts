import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { isTerminal } from "#api/core-v1/podstate";
import { isLeaving } from "../pod-facts.ts";

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

export type Fate =
  | "stays"
  /** It was never bound, and nobody is there to end it. */
  | "unscheduled"
  /** Its node is not there. */
  | "orphaned"
  /** Its node was declared out of service while it was on its way out. */
  | "out of service";

/** What becomes of a pod that nobody else ends. */
export function fateOf(pod: Pod, nodeOf: (name: string) => Node | undefined): Fate {
  const { nodeName } = pod.spec;
  if (!nodeName) return isLeaving(pod) ? "unscheduled" : "stays";
  const node = nodeOf(nodeName);
  if (!node) return "orphaned";
  const declared = node.spec.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false;
  const ready = node.status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return isLeaving(pod) && declared && !ready ? "out of service" : "stays";
}

/** Finished pods beyond the number that is kept: evicted ones first, then the oldest. */
export function surplus(pods: Iterable<Pod>, keep: number): readonly Pod[] {
  const finished = [...pods].filter((pod) => isTerminal(pod) && !isLeaving(pod));
  if (finished.length <= keep) return [];
  const evicted = ({ status }: Pod) => (status.reason === "Evicted" ? 0 : 1);
  return finished
    .toSorted(
      (a, b) =>
        evicted(a) - evicted(b) || (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1),
    )
    .slice(0, finished.length - keep);
}
