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
  minAvailable: intOrString(1).pointer().doc("Pods that must stay, as a number or percentage."),
  selector: ref(2, LabelSelector).patch("replace").doc("Pods it is about."),
  maxUnavailable: intOrString(3).pointer().doc("Pods that may be missing, as a number or percentage."),
  unhealthyPodEvictionPolicy: string(4)
    .pointer()
    .oneOf("IfHealthyBudget", "AlwaysAllow")
    .doc("IfHealthyBudget or AlwaysAllow, for pods that are not ready."),
});
export interface PodDisruptionBudgetSpec extends Of<typeof PodDisruptionBudgetSpec> {}

export const PodDisruptionBudgetStatus = struct("policy.v1.PodDisruptionBudgetStatus", {
  observedGeneration: int64(1).min(0).doc("Generation of the object that this is about."),
  disruptedPods: map(2, time).doc("Pods whose eviction is on its way, and since when."),
  disruptionsAllowed: int32(3).required().min(0).doc("Pods that may be evicted now."),
  currentHealthy: int32(4).required().min(0).doc("Pods that are healthy."),
  desiredHealthy: int32(5).required().min(0).doc("Pods that must be healthy."),
  expectedPods: int32(6).required().min(0).doc("Pods that count."),
  conditions: list(7, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface PodDisruptionBudgetStatus extends Of<typeof PodDisruptionBudgetStatus> {}

export const PodDisruptionBudget = resource({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  doc: "How many pods of a set may be evicted at one time.",
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
