import { LabelSelector } from "#api/meta-v1/labelselector";
import { int32, list, type Of, ref, string, struct, value } from "#machinery/schema";

export const NodeSelectorRequirement = struct("core.v1.NodeSelectorRequirement", {
  key: string(1).required(),
  operator: string(2).oneOf("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt").required(),
  values: list(3, string).atomic(),
});
export interface NodeSelectorRequirement extends Of<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = struct(
  "core.v1.NodeSelectorTerm",
  {
    matchExpressions: list(1, NodeSelectorRequirement).atomic(),
    matchFields: list(2, NodeSelectorRequirement).atomic(),
  },
  { atomic: true },
);
export interface NodeSelectorTerm extends Of<typeof NodeSelectorTerm> {}

export const NodeSelector = struct(
  "core.v1.NodeSelector",
  {
    nodeSelectorTerms: list(1, NodeSelectorTerm).required().atomic(),
  },
  { atomic: true },
);
export interface NodeSelector extends Of<typeof NodeSelector> {}

export const PreferredSchedulingTerm = struct("core.v1.PreferredSchedulingTerm", {
  weight: int32(1).required(),
  preference: value(2, NodeSelectorTerm).required(),
});
export interface PreferredSchedulingTerm extends Of<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = struct("core.v1.NodeAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: ref(1, NodeSelector),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm).atomic(),
});
export interface NodeAffinity extends Of<typeof NodeAffinity> {}

export const PodAffinityTerm = struct("core.v1.PodAffinityTerm", {
  labelSelector: ref(1, LabelSelector),
  namespaces: list(2, string).atomic(),
  topologyKey: string(3).required(),
  namespaceSelector: ref(4, LabelSelector),
  matchLabelKeys: list(5, string).atomic(),
  mismatchLabelKeys: list(6, string).atomic(),
});
export interface PodAffinityTerm extends Of<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = struct("core.v1.WeightedPodAffinityTerm", {
  weight: int32(1).required(),
  podAffinityTerm: value(2, PodAffinityTerm).required(),
});
export interface WeightedPodAffinityTerm extends Of<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = struct("core.v1.PodAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).atomic(),
});
export interface PodAffinity extends Of<typeof PodAffinity> {}

export const PodAntiAffinity = struct("core.v1.PodAntiAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).atomic(),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).atomic(),
});
export interface PodAntiAffinity extends Of<typeof PodAntiAffinity> {}

export const Affinity = struct("core.v1.Affinity", {
  nodeAffinity: ref(1, NodeAffinity),
  podAffinity: ref(2, PodAffinity),
  podAntiAffinity: ref(3, PodAntiAffinity),
});
export interface Affinity extends Of<typeof Affinity> {}

export const TopologySelectorLabelRequirement = struct("core.v1.TopologySelectorLabelRequirement", {
  key: string(1).required(),
  values: list(2, string).required().atomic(),
});
export interface TopologySelectorLabelRequirement extends Of<typeof TopologySelectorLabelRequirement> {}

export const TopologySelectorTerm = struct(
  "core.v1.TopologySelectorTerm",
  {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement).atomic(),
  },
  { atomic: true },
);
export interface TopologySelectorTerm extends Of<typeof TopologySelectorTerm> {}

export const TopologySpreadConstraint = struct("core.v1.TopologySpreadConstraint", {
  maxSkew: int32(1).required(),
  topologyKey: string(2).required(),
  whenUnsatisfiable: string(3).oneOf("DoNotSchedule", "ScheduleAnyway").required(),
  labelSelector: ref(4, LabelSelector),
  minDomains: int32(5).pointer(),
  nodeAffinityPolicy: string(6).pointer().oneOf("Ignore", "Honor"),
  nodeTaintsPolicy: string(7).pointer().oneOf("Ignore", "Honor"),
  matchLabelKeys: list(8, string).atomic(),
});
export interface TopologySpreadConstraint extends Of<typeof TopologySpreadConstraint> {}
