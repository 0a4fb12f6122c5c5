import type { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import type { Pod } from "#api/core-v1/pod";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { scaledValue } from "#machinery/int-or-string";
import { formatTime, parseTime } from "#machinery/time";
import { withCondition } from "../conditions.ts";
import { isLeaving } from "../pod-facts.ts";

type Status = PodDisruptionBudget["status"];
type BudgetCondition = NonNullable<Status["conditions"]>[number];

/** An eviction that was granted and did not come to anything is forgotten after so long. */
const DISRUPTION_MS = 120_000;

/** The status of a budget. `expected`: the pods that the controllers of the selected ones want altogether. */
export function observe(
  budget: PodDisruptionBudget,
  selected: readonly Pod[],
  expected: number,
  nowMs: number,
): { readonly status: Status; readonly afterMs?: number } {
  const pods = selected.filter((pod) => !isTerminal(pod));
  const disrupted = stillDisrupted(budget.status.disruptedPods ?? {}, pods, nowMs);
  const currentHealthy = pods.filter(
    (pod) => isReady(pod) && !isLeaving(pod) && disrupted[pod.metadata.name] === undefined,
  ).length;
  const { desiredHealthy, expectedPods } = healthyNeeded(budget, pods.length, expected);
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const enough = disruptionsAllowed > 0;
  const { generation } = budget.metadata;
  const condition: Omit<BudgetCondition, "lastTransitionTime"> = {
    type: "DisruptionAllowed",
    status: enough ? "True" : "False",
    reason: enough ? "SufficientPods" : "InsufficientPods",
    message: "",
    ...(generation ? { observedGeneration: generation } : {}),
  };
  const status: Status = {
    ...(generation ? { observedGeneration: generation } : {}),
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withCondition(budget.status.conditions ?? [], condition, nowMs) as readonly BudgetCondition[],
  };
  const ends = Object.values(disrupted).map((time) => parseTime(time) + DISRUPTION_MS - nowMs);
  return ends.length > 0 ? { status, afterMs: Math.max(1, Math.min(...ends)) } : { status };
}

function healthyNeeded({ spec }: PodDisruptionBudget, present: number, expected: number) {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const unavailable = scaledValue(maxUnavailable, expected, { roundUp: true });
    return { expectedPods: expected, desiredHealthy: Math.max(0, expected - unavailable) };
  }
  if (typeof minAvailable === "string") {
    return { expectedPods: expected, desiredHealthy: scaledValue(minAvailable, expected, { roundUp: true }) };
  }
  return { expectedPods: present, desiredHealthy: minAvailable ?? 0 };
}

/** Pods whose eviction was granted and that have not begun to go. */
function stillDisrupted(
  disrupted: Readonly<Record<string, string>>,
  pods: readonly Pod[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const waiting = pods.filter(({ metadata }) => {
    const at = disrupted[metadata.name];
    return (
      at !== undefined && metadata.deletionTimestamp === undefined && parseTime(at) + DISRUPTION_MS > nowMs
    );
  });
  return Object.fromEntries(
    waiting.map(({ metadata: { name } }) => [name, disrupted[name] ?? formatTime(nowMs)]),
  );
}
