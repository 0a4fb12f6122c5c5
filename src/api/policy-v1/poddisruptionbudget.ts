import { ageColumn, integer, nameColumn, text } from "#api/columns";
import { countOrPercent } from "#api/checks";
import { Condition } from "#api/meta-v1/condition";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  int32,
  int64,
  intOrString,
  invalid,
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
  observedGeneration: int64(1).min(0),
  disruptedPods: map(2, time),
  disruptionsAllowed: int32(3).required().min(0),
  currentHealthy: int32(4).required().min(0),
  desiredHealthy: int32(5).required().min(0),
  expectedPods: int32(6).required().min(0),
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

  columns: [
    nameColumn,
    text("Min Available", ({ spec }) => String(spec.minAvailable ?? "N/A")),
    text("Max Unavailable", ({ spec }) => String(spec.maxUnavailable ?? "N/A")),
    integer("Allowed Disruptions", ({ status }) => status.disruptionsAllowed),
    ageColumn,
  ],
  rules: {
    *validate({ spec }) {
      if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
      yield* countOrPercent("spec.minAvailable", spec.minAvailable);
      yield* countOrPercent("spec.maxUnavailable", spec.maxUnavailable);
    },
  },
});
export interface PodDisruptionBudget extends Of<typeof PodDisruptionBudget> {}
