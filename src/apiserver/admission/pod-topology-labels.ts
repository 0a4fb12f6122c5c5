import type { Binding } from "#api/core-v1/binding";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import type { AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout } from "./about.ts";

const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] as const;

/** A pod learns from its binding in which zone and region it runs. */
export const podTopologyLabels = (cache: ReadCache): AdmissionPlugin => ({
  name: "PodTopologyLabels",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, Pod, "binding"),
  admit({ object }) {
    const binding = object as unknown as Binding;
    if ((binding.target.kind ?? "Node") !== "Node") return undefined;
    const labels = cache.get(Node, undefined, binding.target.name ?? "")?.metadata.labels ?? {};
    const learnt = LABELS.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]));
    if (learnt.length === 0) return undefined;
    const metadata = {
      ...binding.metadata,
      labels: { ...binding.metadata?.labels, ...Object.fromEntries(learnt) },
    };
    return { ...binding, metadata } as unknown as typeof object;
  },
});
