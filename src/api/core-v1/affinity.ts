import { distinct, named } from "#api/checks";
import { LabelSelector } from "#api/meta-v1/labelselector";
import {
  at,
  type FieldProblem,
  forbidden,
  int32,
  invalid,
  item,
  list,
  type Of,
  ref,
  required,
  string,
  struct,
  value,
} from "#machinery/schema";

export const NodeSelectorRequirement = struct(
  "core.v1.NodeSelectorRequirement",
  {
    key: string(1).required().doc("Label or field."),
    operator: string(2).required().doc("In, NotIn, Exists, DoesNotExist, Gt or Lt."),
    values: list(3, string).atomic().doc("Values that the operator compares with."),
  },
  {
    *validate({ key, operator, values = [] }, path) {
      const where = at(path, "values");
      if (operator === "In" || operator === "NotIn") {
        if (values.length === 0)
          yield required(where, "must be specified when `operator` is 'In' or 'NotIn'");
      } else if (operator === "Exists" || operator === "DoesNotExist") {
        if (values.length > 0)
          yield forbidden(where, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      } else if (operator === "Gt" || operator === "Lt") {
        if (values.length !== 1)
          yield required(where, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      } else yield invalid(at(path, "operator"), operator, "not a valid selector operator");
      yield* named(at(path, "key"), key, "qualified-name");
    },
  },
);
export interface NodeSelectorRequirement extends Of<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = struct(
  "core.v1.NodeSelectorTerm",
  {
    matchExpressions: list(1, NodeSelectorRequirement)
      .atomic()
      .doc("Requirements on labels of the node, all of them."),
    matchFields: list(2, NodeSelectorRequirement)
      .atomic()
      .doc("Requirements on fields of the node, all of them."),
  },
  {
    atomic: true,

    *validate({ matchFields }, path) {
      for (const [index, { key, operator, values = [] }] of (matchFields ?? []).entries()) {
        const where = item(at(path, "matchFields"), index);
        if (key !== "metadata.name") yield invalid(at(where, "key"), key, "not a valid field selector key");
        if (operator !== "In" && operator !== "NotIn")
          yield invalid(at(where, "operator"), operator, "not a valid selector operator");
        else if (values.length !== 1)
          yield required(
            at(where, "values"),
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
          );
        if (key !== "metadata.name") continue;
        for (const [place, value] of values.entries())
          yield* named(item(at(where, "values"), place), value, "dns-subdomain");
      }
    },
  },
);
export interface NodeSelectorTerm extends Of<typeof NodeSelectorTerm> {}

/** What a node must fulfil can only be what a label may be; of mere preferences anything is taken. */
function* labelValueProblems({ matchExpressions }: NodeSelectorTerm, path: string): Iterable<FieldProblem> {
  for (const [index, { values }] of (matchExpressions ?? []).entries())
    for (const [place, value] of (values ?? []).entries())
      yield* named(
        item(at(item(at(path, "matchExpressions"), index), "values"), place),
        value,
        "label-value",
      );
}

export const NodeSelector = struct(
  "core.v1.NodeSelector",
  {
    nodeSelectorTerms: list(1, NodeSelectorTerm)
      .required()
      .atomic()
      .doc("A node that fulfils one of them matches."),
  },
  {
    atomic: true,

    *validate({ nodeSelectorTerms }, path) {
      if (nodeSelectorTerms.length === 0)
        yield required(at(path, "nodeSelectorTerms"), "must have at least one node selector term");
      for (const [index, term] of nodeSelectorTerms.entries())
        yield* labelValueProblems(term, item(at(path, "nodeSelectorTerms"), index));
    },
  },
);
export interface NodeSelector extends Of<typeof NodeSelector> {}

function* weightProblems(weight: number, path: string): Iterable<FieldProblem> {
  if (weight < 1 || weight > 100) yield invalid(at(path, "weight"), weight, "must be in the range 1-100");
}

/** Label keys by which pods are told apart; they make sense beside a selector only. */
function* labelKeyProblems(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  path: string,
): Iterable<FieldProblem> {
  if (!keys || keys.length === 0) return;
  if (!selector) yield forbidden(path, "must not be specified when labelSelector is not set");
  for (const [index, key] of keys.entries()) yield* named(item(path, index), key, "qualified-name");
}

export const PreferredSchedulingTerm = struct(
  "core.v1.PreferredSchedulingTerm",
  {
    weight: int32(1).required().doc("How much it counts, 1 to 100."),
    preference: value(2, NodeSelectorTerm).required().doc("What the node should fulfil."),
  },
  {
    *validate({ weight }, path) {
      yield* weightProblems(weight, path);
    },
  },
);
export interface PreferredSchedulingTerm extends Of<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = struct("core.v1.NodeAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: ref(1, NodeSelector).doc("Nodes that the pod may go to."),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm)
    .atomic()
    .doc("Nodes that suit the pod better, by weight."),
});
export interface NodeAffinity extends Of<typeof NodeAffinity> {}

export const PodAffinityTerm = struct(
  "core.v1.PodAffinityTerm",
  {
    labelSelector: ref(1, LabelSelector).doc("Which pods count."),
    namespaces: list(2, string).atomic().doc("Where they are looked for; by default the pod's own."),
    topologyKey: string(3).required().doc("Node label whose equal values mean near."),
    namespaceSelector: ref(4, LabelSelector).doc("Namespaces by label, added to the named ones."),
    matchLabelKeys: list(5, string).atomic().doc("Labels of this pod whose values the others must have too."),
    mismatchLabelKeys: list(6, string)
      .atomic()
      .doc("Labels of this pod whose values the others must not have."),
  },
  {
    *validate({ topologyKey, labelSelector, matchLabelKeys, mismatchLabelKeys, namespaces }, path) {
      if (topologyKey === "") yield required(at(path, "topologyKey"), "can not be empty");
      else yield* named(at(path, "topologyKey"), topologyKey, "qualified-name");
      for (const name of namespaces ?? []) yield* named(at(path, "namespace"), name, "dns-label");
      yield* labelKeyProblems(matchLabelKeys, labelSelector, at(path, "matchLabelKeys"));
      yield* labelKeyProblems(mismatchLabelKeys, labelSelector, at(path, "mismatchLabelKeys"));
      for (const [index, key] of (matchLabelKeys ?? []).entries())
        if (mismatchLabelKeys?.includes(key))
          yield invalid(
            item(at(path, "matchLabelKeys"), index),
            key,
            "exists in both matchLabelKeys and mismatchLabelKeys",
          );
    },
  },
);
export interface PodAffinityTerm extends Of<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = struct(
  "core.v1.WeightedPodAffinityTerm",
  {
    weight: int32(1).required().doc("How much it counts, 1 to 100."),
    podAffinityTerm: value(2, PodAffinityTerm).required().doc("Which pods, and what near means."),
  },
  {
    *validate({ weight }, path) {
      yield* weightProblems(weight, path);
    },
  },
);
export interface WeightedPodAffinityTerm extends Of<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = struct("core.v1.PodAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm)
    .atomic()
    .doc("Pods that must be near."),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm)
    .atomic()
    .doc("Pods that had better be near, by weight."),
});
export interface PodAffinity extends Of<typeof PodAffinity> {}

export const PodAntiAffinity = struct("core.v1.PodAntiAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm)
    .atomic()
    .doc("Pods that must not be near."),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm)
    .atomic()
    .doc("Pods that had better not be near, by weight."),
});
export interface PodAntiAffinity extends Of<typeof PodAntiAffinity> {}

export const Affinity = struct("core.v1.Affinity", {
  nodeAffinity: ref(1, NodeAffinity).doc("Nodes that are wanted."),
  podAffinity: ref(2, PodAffinity).doc("Pods it wants to be near."),
  podAntiAffinity: ref(3, PodAntiAffinity).doc("Pods it wants to be away from."),
});
export interface Affinity extends Of<typeof Affinity> {}

export const TopologySelectorLabelRequirement = struct(
  "core.v1.TopologySelectorLabelRequirement",
  {
    key: string(1).required().doc("Label."),
    values: list(2, string).required().atomic().notEmpty().doc("Values, one of which it must have."),
  },
  {
    *validate({ key, values }, path) {
      yield* distinct(at(path, "values"), values, (value) => value);
      yield* named(at(path, "key"), key, "qualified-name");
    },
  },
);
export interface TopologySelectorLabelRequirement extends Of<typeof TopologySelectorLabelRequirement> {}

export const TopologySelectorTerm = struct(
  "core.v1.TopologySelectorTerm",
  {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement)
      .atomic()
      .doc("Requirements on topology labels, all of them."),
  },
  {
    atomic: true,

    *validate({ matchLabelExpressions }, path) {
      yield* distinct(at(path, "matchLabelExpressions"), matchLabelExpressions, ({ key }) => key, "key");
    },
  },
);
export interface TopologySelectorTerm extends Of<typeof TopologySelectorTerm> {}

export const TopologySpreadConstraint = struct(
  "core.v1.TopologySpreadConstraint",
  {
    maxSkew: int32(1).required().doc("Largest difference between the domains."),
    topologyKey: string(2).required().doc("Node label whose values are the domains."),
    whenUnsatisfiable: string(3)
      .oneOf("DoNotSchedule", "ScheduleAnyway")
      .required()
      .doc("Whether to wait, or only to prefer."),
    labelSelector: ref(4, LabelSelector).doc("Which pods are counted."),
    minDomains: int32(5).pointer().doc("Number of domains that there should be."),
    nodeAffinityPolicy: string(6)
      .pointer()
      .oneOf("Ignore", "Honor")
      .doc("Honor or Ignore: whether nodes that the pod cannot go to count."),
    nodeTaintsPolicy: string(7)
      .pointer()
      .oneOf("Ignore", "Honor")
      .doc("Honor or Ignore: whether nodes whose taints the pod does not bear count."),
    matchLabelKeys: list(8, string).atomic().doc("Labels of this pod that the counted pods must share."),
  },
  {
    *validate({ maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector, matchLabelKeys }, path) {
      if (maxSkew <= 0) yield invalid(at(path, "maxSkew"), maxSkew, "must be greater than zero");
      if (topologyKey === "") yield required(at(path, "topologyKey"), "can not be empty");
      else yield* named(at(path, "topologyKey"), topologyKey, "qualified-name");
      if (minDomains !== undefined) {
        if (minDomains <= 0) yield invalid(at(path, "minDomains"), minDomains, "must be greater than zero");
        if (whenUnsatisfiable !== "DoNotSchedule")
          yield invalid(
            at(path, "minDomains"),
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          );
      }
      yield* labelKeyProblems(matchLabelKeys, labelSelector, at(path, "matchLabelKeys"));
    },
  },
);
export interface TopologySpreadConstraint extends Of<typeof TopologySpreadConstraint> {}
