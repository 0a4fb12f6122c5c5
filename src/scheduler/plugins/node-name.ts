/** A pod that names its node goes there or nowhere. */
import { fits, indifferent, plugin, rejected } from "../plugin.ts";

export const nodeName = plugin<string>({
  name: "NodeName",
  prepare: (pod) => pod.spec.nodeName || indifferent,
  filter: (wanted, node) =>
    node.name === wanted
      ? fits
      : rejected(["node(s) didn't match the requested node name"], { preemptible: false }),
  wakesOn: [{ kind: "Node", change: "added" }],
});
