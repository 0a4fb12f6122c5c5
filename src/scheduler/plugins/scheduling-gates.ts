/** A pod with scheduling gates waits until somebody has taken them away. */
import { indifferent, plugin, rejected } from "../plugin.ts";

export const schedulingGates = plugin<readonly string[]>({
  name: "SchedulingGates",
  prepare(pod) {
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name);
    return gates.length === 0 ? indifferent : gates;
  },
  filter: (gates) => rejected([`waiting for scheduling gates: [${gates.join(" ")}]`], { preemptible: false }),
  wakesOn: [{ kind: "Pod", change: "gates" }],
});
