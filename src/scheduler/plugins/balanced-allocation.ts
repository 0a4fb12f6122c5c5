/** Prefers nodes whose processors and memory would be used to a like degree. */
import { indifferent, plugin, SCORE_MAX } from "../plugin.ts";
import { type Amounts, requestsOf } from "#api/core-v1/podresources";
import type { NodeInfo } from "../node-info.ts";

export const balancedAllocation = plugin<Amounts>({
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  prepare(pod) {
    const requests = requestsOf(pod);
    return requests.size === 0 ? indifferent : requests;
  },
  score(requests, node) {
    const apart = Math.abs(usedShare(requests, node, "cpu") - usedShare(requests, node, "memory"));
    return Math.floor(SCORE_MAX * (1 - apart / 2));
  },
  wakesOn: [],
});

function usedShare(requests: Amounts, node: NodeInfo, resource: string): number {
  const used = node.requested(resource) + (requests.get(resource) ?? 0);
  return Math.min(1, used / Math.max(1, node.allocatable(resource)));
}
