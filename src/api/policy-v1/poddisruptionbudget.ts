import { Condition } from "#api/meta-v1/condition";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  int32,
  int64,
  intOrString,
  list,
  map,
  type Of,
  ref,
  resource,
  string,
  struct,
  time,
} from "#machinery/schema";

export const PodDisruptionBudgetSpec = struct("policy.v1.PodDisruptionBudgetSpec", {
  minAvailable: intOrString(1).pointer(),
  selector: ref(2, LabelSelector).patch("replace"),
  maxUnavailable: intOrString(3).pointer(),
  unhealthyPodEvictionPolicy: string(4).pointer().oneOf("IfHealthyBudget", "AlwaysAllow"),
});
export interface PodDisruptionBudgetSpec extends Of<typeof PodDisruptionBudgetSpec> {}

export const PodDisruptionBudgetStatus = struct("policy.v1.PodDisruptionBudgetStatus", {
  observedGeneration: int64(1),
  disruptedPods: map(2, time),
  disruptionsAllowed: int32(3).required(),
  currentHealthy: int32(4).required(),
  desiredHealthy: int32(5).required(),
  expectedPods: int32(6).required(),
  conditions: list(7, Condition).mergedBy("type"),
});
export interface PodDisruptionBudgetStatus extends Of<typeof PodDisruptionBudgetStatus> {}

export const PodDisruptionBudget = resource({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  shortNames: ["pdb"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: PodDisruptionBudgetSpec,
  status: PodDisruptionBudgetStatus,
  unconditionalUpdate: false,
});
export interface PodDisruptionBudget extends Of<typeof PodDisruptionBudget> {}
