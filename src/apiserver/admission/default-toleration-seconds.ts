import { Pod } from "#api/core-v1/pod";
import type { Toleration } from "#api/core-v1/taint";
import type { AdmissionPlugin } from "../contracts.ts";
import { isAbout } from "./about.ts";

/** A pod stays this long on a node that is not ready or cannot be reached, unless it says otherwise. */
const TOLERATION_SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  handles: (admission) =>
    (admission.operation === "CREATE" || admission.operation === "UPDATE") && isAbout(admission, Pod),
  admit({ object }) {
    const pod = object as Pod;
    const present = pod.spec.tolerations ?? [];
    const missing = TAINTS.filter((key) => !present.some((toleration) => covers(toleration, key)));
    if (missing.length === 0) return undefined;
    const added = missing.map((key): Toleration => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: TOLERATION_SECONDS,
    }));
    return { ...pod, spec: { ...pod.spec, tolerations: [...present, ...added] } } as Pod;
  },
};

const covers = ({ key, effect }: Toleration, taint: string): boolean =>
  (!key || key === taint) && (!effect || effect === "NoExecute");
