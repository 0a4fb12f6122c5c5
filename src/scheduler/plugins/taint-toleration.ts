/** Turns away nodes with taints that the pod does not tolerate; prefers those with fewer it would rather avoid. */
import type { Toleration } from "#api/core-v1/taint";
import { fits, plugin, rejected, scaled } from "../plugin.ts";
import { tolerates } from "../tolerations.ts";

export const taintToleration = plugin<readonly Toleration[]>({
  name: "TaintToleration",
  weight: 3,
  prepare: (pod) => pod.spec.tolerations ?? [],
  filter(tolerations, { taints }) {
    const repelled = taints.find(
      ({ effect, ...taint }) =>
        effect !== "PreferNoSchedule" && !tolerates(tolerations, { effect, ...taint }),
    );
    if (!repelled) return fits;
    const { key, value = "" } = repelled;
    return rejected([`node(s) had untolerated taint {${key}: ${value}}`], { preemptible: false });
  },
  score: (tolerations, { taints }) =>
    taints.filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(tolerations, taint)).length,
  normalize: (scores) => scaled(scores, { reverse: true }),
  wakesOn: [
    { kind: "Node", change: "added" },
    { kind: "Node", change: "taints" },
  ],
});
