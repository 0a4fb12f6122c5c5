/** Turns away nodes with taints that the pod does not tolerate; prefers those with fewer it would rather avoid. */
import { type Toleration, untolerated } from "#api/core-v1/taint";
import { fits, plugin, rejected, scaled } from "../plugin.ts";

export const taintToleration = plugin<readonly Toleration[]>({
  name: "TaintToleration",
  weight: 3,
  prepare: (pod) => pod.spec.tolerations ?? [],
  filter(tolerations, { taints }) {
    const repelled = untolerated(taints, tolerations).find(({ effect }) => effect !== "PreferNoSchedule");
    if (!repelled) return fits;
    const { key, value = "" } = repelled;
    return rejected([`node(s) had untolerated taint {${key}: ${value}}`], { preemptible: false });
  },
  score: (tolerations, { taints }) =>
    untolerated(taints, tolerations).filter(({ effect }) => effect === "PreferNoSchedule").length,
  normalize: (scores) => scaled(scores, { reverse: true }),
  wakesOn: [
    { kind: "Node", change: "added" },
    { kind: "Node", change: "taints" },
  ],
});
