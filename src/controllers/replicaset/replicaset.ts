/** Keeps as many pods alive as each ReplicaSet asks for. */
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { Pod } from "#api/core-v1/pod";
import { attempt } from "#base/attempt";
import { controller, type Caches, type Pass } from "#reconciler/controller";
import { BY_CONTROLLER, controllerKeys, controllerOf } from "#reconciler/owner";
import { createPods, podFrom, removePods } from "../pod-creation.ts";
import { isActive, nextAvailabilityMs } from "../pod-facts.ts";
import { nothing, type Plan, planReplicas } from "./plan.ts";
import { type Failure, observe } from "./status.ts";

export const replicaSets = controller({
  name: "replicaset",
  watches: ReplicaSet,
  owns: [Pod],
  selectorOf: ({ spec }) => spec.selector,
  index: ({ cache }) => cache(ReplicaSet).addIndex(BY_CONTROLLER, controllerKeys),

  async reconcile(set, pass) {
    const { claim, cache, write, clock } = pass;
    const pods = await claim(Pod, set.spec.selector);
    const leaving = set.metadata.deletionTimestamp !== undefined;
    const crowd = crowding(set, cache);
    const plan = leaving ? nothing : planReplicas(set.spec.replicas, pods, crowd, clock.now());

    // The status is written even when the plan fails: that is how the user learns why.
    const { failure, error } = await carryOut(plan, set, pass);
    await write.status(ReplicaSet, set, observe(set, pods, failure, clock.now()));
    if (error) throw error;

    return { afterMs: nextAvailabilityMs(pods, set.spec.minReadySeconds ?? 0, clock.now()) };
  },
});

async function carryOut(
  plan: Plan,
  set: ReplicaSet,
  pass: Pass,
): Promise<{ readonly failure?: Failure; readonly error?: Error }> {
  const pods = Array.from({ length: plan.create }, () => podFrom(set.spec.template, ReplicaSet, set));
  const failed = await createPods(pods, set, pass);
  if (failed) return { failure: { reason: "FailedCreate", message: failed.message }, error: failed };
  const stuck = await attempt(() => removePods(plan.remove, set, pass));
  if (stuck) return { failure: { reason: "FailedDelete", message: stuck.message }, error: stuck };
  return {};
}

/** Active pods on a node that belong to this set or to another one of the same controller. */
function crowding(set: ReplicaSet, cache: Caches["cache"]): (node: string) => number {
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
