import type { Pod } from "#api/core-v1/pod";
import { tolerates, type Taint } from "#api/core-v1/taint";

/**
 * When a pod has to leave a node with these taints, in epoch milliseconds; undefined: it may stay. Of several
 * tolerations for a taint the shortest counts, from when the taint came.
 */
export function leaveAtMs(
  { spec }: Pick<Pod, "spec">,
  taints: readonly Taint[],
  nowMs: number,
  sinceMs: (taint: Taint) => number,
): number | undefined {
  const driving = taints.filter(({ effect }) => effect === "NoExecute");
  let leaveAt: number | undefined;
  for (const taint of driving) {
    const tolerations = (spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (tolerations.length === 0) return nowMs;
    const seconds = tolerations.flatMap(({ tolerationSeconds }) =>
      tolerationSeconds === undefined ? [] : [tolerationSeconds],
    );
    if (seconds.length === 0) continue;
    const at = sinceMs(taint) + Math.max(0, Math.min(...seconds.map(Number))) * 1000;
    leaveAt = Math.min(leaveAt ?? Infinity, at);
  }
  return leaveAt;
}
