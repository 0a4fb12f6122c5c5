/** Keeps as many pods alive as each ReplicaSet asks for. */
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { Pod } from "#api/core-v1/pod";
import { controller, type Caches } from "#reconciler/controller";
import { BY_CONTROLLER, controllerKeys, controllerOf } from "#reconciler/owner";
import { isActive } from "../pod-facts.ts";
import { keepReplicas } from "./keep-replicas.ts";

export const replicaSets = controller({
  name: "replicaset",
  watches: ReplicaSet,
  owns: [Pod],
  selectorOf: ({ spec }) => spec.selector,
  index: ({ cache }) => cache(ReplicaSet).addIndex(BY_CONTROLLER, controllerKeys),

  reconcile(set, pass) {
    const { replicas, selector, template, minReadySeconds = 0 } = set.spec;
    const wanted = { replicas, selector, template, minReadySeconds, showsTerminating: true };
    return keepReplicas(ReplicaSet, set, wanted, crowding(set, pass), pass);
  },
});

/** Active pods on a node that belong to this set or to another one of the same controller. */
function crowding(set: ReplicaSet, { cache }: Caches): (node: string) => number {
  let counts: Map<string, number> | undefined;
  const count = () => {
    const owner = controllerOf(set);
    const family = owner ? cache(ReplicaSet).byIndex(BY_CONTROLLER, owner.uid) : [set];
    const byNode = new Map<string, number>();
    for (const { metadata } of family) {
      for (const pod of cache(Pod).byIndex(BY_CONTROLLER, metadata.uid)) {
        const { nodeName } = pod.spec;
        if (nodeName && isActive(pod)) byNode.set(nodeName, (byNode.get(nodeName) ?? 0) + 1);
      }
    }
    return byNode;
  };
  return (node) => (counts ??= count()).get(node) ?? 0;
}
