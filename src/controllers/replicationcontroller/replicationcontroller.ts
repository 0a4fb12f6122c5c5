/** Keeps as many pods alive as each ReplicationController asks for: a ReplicaSet of the early days. */
import { Pod } from "#api/core-v1/pod";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { controller } from "#reconciler/controller";
import { keepReplicas } from "../replicaset/keep-replicas.ts";

export const replicationControllers = controller({
  name: "replication",
  watches: ReplicationController,
  owns: [Pod],
  selectorOf: ({ spec }) => ({ matchLabels: spec.selector ?? {} }),

  async reconcile(set, pass) {
    const { replicas, selector, template, minReadySeconds = 0 } = set.spec;
    if (!template) return;
    const labels = { matchLabels: selector ?? {} };
    const wanted = { replicas, selector: labels, template, minReadySeconds, showsTerminating: false };
    return keepReplicas(ReplicationController, set, wanted, () => 0, pass);
  },
});
