/** Removes pods that no node will end: of lost nodes, never scheduled, or finished and too many. */
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { isTerminal } from "#api/core-v1/podstate";
import { sameJson } from "#machinery/same-json";
import { hasReason } from "#machinery/status";
import { type Controller, controller, type Pass, wake } from "#reconciler/controller";
import { withCondition } from "../conditions.ts";
import { fateOf, surplus } from "./plan.ts";

/** Finished pods that are kept. */
const FINISHED_MAX = 12_500;
/** A node that is missing from the cache may only be new. */
const QUARANTINE_MS = 40_000;

const BY_NODE = "node";
/** Index of pods that have ended. */
const FINISHED = "finished";

export function podGc({ keep = FINISHED_MAX }: { readonly keep?: number } = {}): Controller {
  /** Since when the node of a pod is missing, by the pod's uid. */
  const missingSinceMs = new Map<string, number>();

  return controller({
    name: "pod-garbage-collector",
    watches: Pod,
    concerns: (pod, { cache }) =>
      isTerminal(pod) || fateOf(pod, (name) => cache(Node).get(undefined, name)) !== "stays",
    matters: (pod, before) =>
      pod.spec.nodeName !== before.spec.nodeName ||
      pod.metadata.deletionTimestamp !== before.metadata.deletionTimestamp ||
      pod.status.phase !== before.status.phase,
    wakes: [
      wake(Node, ({ metadata: { name } }, { cache }) => cache(Pod).keysByIndex(BY_NODE, name), declared),
    ],
    writes: [
      { kind: Pod, verbs: ["delete"] },
      { kind: Pod, verbs: ["patch", "update"], subresource: "status" },
    ],
    index: ({ cache }) => {
      cache(Pod).addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
      cache(Pod).addIndex(FINISHED, (pod) => (isTerminal(pod) ? [""] : []));
    },

    async reconcile(pod, pass) {
      const { uid } = pod.metadata;
      const fate = fateOf(pod, (name) => pass.cache(Node).get(undefined, name));
      if (fate !== "orphaned") missingSinceMs.delete(uid);
      if (fate === "unscheduled") return void (await pass.write.remove(Pod, pod, { gracePeriodSeconds: 0 }));
      if (fate === "out of service") return end(pod, "node is out of service", pass);
      if (fate === "orphaned") {
        const now = pass.clock.monotonic();
        const since = missingSinceMs.get(uid) ?? now;
        missingSinceMs.set(uid, since);
        if (now - since < QUARANTINE_MS) return { afterMs: since + QUARANTINE_MS - now };
        const exists = await pass.client.find(Node, { name: pod.spec.nodeName! }, { signal: pass.signal });
        if (!exists) return end(pod, "node no longer exists", pass);
        return;
      }
      if (isTerminal(pod)) await removeSurplus(keep, pass);
    },

    async gone() {
      // Uids of pods that went by themselves; few, and only while a node is missing.
      if (missingSinceMs.size > FINISHED_MAX) missingSinceMs.clear();
    },
  });
}

const declared = (node: Node, before: Node): boolean => !sameJson(node.spec.taints, before.spec.taints);

async function removeSurplus(keep: number, { cache, write }: Pass): Promise<void> {
  const finished = [...cache(Pod).byIndex(FINISHED, "")];
  await write.removeAll(Pod, surplus(finished, keep), { gracePeriodSeconds: 0 });
}

/** Says why in the status, so that a Job can tell, and removes the pod without waiting for its node. */
async function end(pod: Pod, why: string, { write, clock }: Pass): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message: `PodGC: ${why}`,
  };
  if (!isTerminal(pod)) {
    try {
      const conditions = withCondition(pod.status.conditions ?? [], condition, clock.now());
      await write.status(Pod, pod, { ...pod.status, phase: "Failed", conditions });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      return;
    }
  }
  await write.remove(Pod, pod, { gracePeriodSeconds: 0 });
}
