/** Keeps the status of disruption budgets: how many pods may be evicted just now. */
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { Pod } from "#api/core-v1/pod";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import { keyOf } from "#client/address";
import { compileSelector } from "#machinery/label-selector";
import type { AnyOwner } from "#machinery/schema";
import { type Caches, controller, wake } from "#reconciler/controller";
import { controllerOf } from "#reconciler/owner";
import { observe } from "./plan.ts";

export const disruptionBudgets = controller({
  name: "disruption",
  watches: PodDisruptionBudget,
  wakes: [wake(Pod, budgetsFor)],
  reads: [ReplicaSet, Deployment, StatefulSet, ReplicationController],

  index: ({ cache }) => cache(Pod).groupByLabels(),

  async reconcile(budget, { cache, write, clock }) {
    const { namespace = "" } = budget.metadata;
    const matches = compileSelector(budget.spec.selector);
    const pods = [...cache(Pod).select(namespace, matches)];
    const { status, afterMs } = observe(budget, pods, expectedPods(pods, namespace, cache), clock.now());
    await write.status(PodDisruptionBudget, budget, status);
    return { afterMs };
  },
});

function* budgetsFor({ metadata: { namespace, labels } }: Pod, { cache }: Caches): Iterable<string> {
  for (const budget of cache(PodDisruptionBudget).list(namespace)) {
    if (compileSelector(budget.spec.selector)(labels)) yield keyOf(budget);
  }
}

/** What the controllers of these pods want altogether; a pod without one counts as itself. */
function expectedPods(pods: readonly Pod[], namespace: string, cache: Caches["cache"]): number {
  const wanted = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const found = owner && replicasOf(owner, namespace, cache);
    if (found) wanted.set(found.uid, found.replicas);
    else wanted.set(pod.metadata.uid, 1);
  }
  return [...wanted.values()].reduce((total, replicas) => total + replicas, 0);
}

function replicasOf({ kind, name }: AnyOwner, namespace: string, cache: Caches["cache"]) {
  if (kind === "ReplicaSet") {
    const set = cache(ReplicaSet).get(namespace, name);
    const owner = set && controllerOf(set);
    const deployment =
      owner?.kind === "Deployment" ? cache(Deployment).get(namespace, owner.name) : undefined;
    return wantedBy(deployment ?? set);
  }
  if (kind === "StatefulSet") return wantedBy(cache(StatefulSet).get(namespace, name));
  if (kind === "ReplicationController") return wantedBy(cache(ReplicationController).get(namespace, name));
  return undefined;
}

const wantedBy = (
  owner:
    | { readonly metadata: { readonly uid: string }; readonly spec: { readonly replicas: number } }
    | undefined,
) => owner && { uid: owner.metadata.uid, replicas: owner.spec.replicas };
