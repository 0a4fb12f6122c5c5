/** Turns away cordoned nodes, unless the pod tolerates that. */
import { fits, plugin, rejected } from "../plugin.ts";
import { tolerates } from "#api/core-v1/taint";

const CORDONED = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;

export const nodeUnschedulable = plugin<boolean>({
  name: "NodeUnschedulable",
  prepare: (pod) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, CORDONED)),
  filter: (tolerated, { unschedulable }) =>
    unschedulable && !tolerated ? rejected(["node(s) were unschedulable"], { preemptible: false }) : fits,
  wakesOn: [
    { kind: "Node", change: "added" },
    { kind: "Node", change: "taints" },
  ],
});
