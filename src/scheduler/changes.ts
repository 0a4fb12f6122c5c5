import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { sameJson } from "#machinery/same-json";
import type { ClusterChange } from "./plugin.ts";
import { requestsOf } from "#api/core-v1/podresources";

/** What about a node changed that may let a waiting pod in. */
export function nodeChanges(before: Node, after: Node): ClusterChange[] {
  const changes: ClusterChange[] = [];
  const differs = (one: unknown, other: unknown) => one !== other && !sameJson(one, other);
  if (differs(before.metadata.labels, after.metadata.labels))
    changes.push({ kind: "Node", change: "labels" });
  if (differs(before.status.allocatable, after.status.allocatable))
    changes.push({ kind: "Node", change: "allocatable" });
  const cordon = (before.spec.unschedulable ?? false) !== (after.spec.unschedulable ?? false);
  if (cordon || differs(before.spec.taints, after.spec.taints))
    changes.push({ kind: "Node", change: "taints" });
  return changes;
}

/** What about a running pod changed that may let a waiting one in. */
export function podChanges(before: Pod, after: Pod): ClusterChange[] {
  const changes: ClusterChange[] = [];
  if (!sameJson(before.metadata.labels, after.metadata.labels))
    changes.push({ kind: "Pod", change: "labels" });
  if (takesLess(before, after)) changes.push({ kind: "Pod", change: "scaled-down" });
  return changes;
}

function takesLess(before: Pod, after: Pod): boolean {
  if (before.spec === after.spec) return false;
  const now = requestsOf(after);
  return [...requestsOf(before)].some(([resource, amount]) => (now.get(resource) ?? 0) < amount);
}
