import { Node } from "#api/core-v1/node";
import type { AdmissionPlugin } from "../contracts.ts";
import { isAbout } from "./about.ts";

const NOT_READY = "node.kubernetes.io/not-ready";

/** A new node gets no pods until it has shown that it is ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, Node),
  admit({ object }) {
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY && effect === "NoSchedule")) return undefined;
    const added = { key: NOT_READY, effect: "NoSchedule" as const };
    return { ...node, spec: { ...node.spec, taints: [...taints, added] } } as Node;
  },
};
