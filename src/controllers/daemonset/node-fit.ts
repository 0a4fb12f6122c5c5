import type { Node } from "#api/core-v1/node";
import type { PodSpec } from "#api/core-v1/podspec";
import { untolerated, type Toleration } from "#api/core-v1/taint";
import type { NodeSelectorTerm } from "#api/core-v1/affinity";
import { compileRequirements, type LabelOperator } from "#machinery/label-selector";

/** What pods of every DaemonSet put up with: they belong to the node and stay with it. */
const TOLERATED: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const NETWORK: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

export function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const added = hostNetwork ? [...TOLERATED, NETWORK] : TOLERATED;
  return [
    ...tolerations,
    ...added.filter(
      ({ key }) => !tolerations.some((known) => known.key === key && known.operator === "Exists"),
    ),
  ];
}

export interface Fit {
  readonly runs: boolean;
  /** A pod that is there already may stay. */
  readonly stays: boolean;
}

/** Does a pod of the set belong on the node? */
export function fitOf(spec: PodSpec, node: Node): Fit {
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return { runs: false, stays: false };
  if (!selects(spec, node)) return { runs: false, stays: false };
  const taints = untolerated(node.spec.taints ?? [], tolerationsOf(spec));
  const stays = !taints.some(({ effect }) => effect === "NoExecute");
  return { stays, runs: stays && !taints.some(({ effect }) => effect === "NoSchedule") };
}

function selects({ nodeSelector = {}, affinity }: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return !terms || terms.some((term) => matches(term, node));
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!exists",
  Gt: "gt",
  Lt: "lt",
};

/** An empty term chooses nothing. */
function matches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const holds = (requirements: typeof matchExpressions, labels: Readonly<Record<string, string>>) =>
    compileRequirements(
      requirements.map(({ key, operator, values = [] }) => ({
        key,
        operator: OPERATORS[operator] ?? "exists",
        values,
      })),
    )(labels);
  return (
    holds(matchExpressions, metadata.labels ?? {}) && holds(matchFields, { "metadata.name": metadata.name })
  );
}

/** The spec of the set's pod for one node: the scheduler may put it nowhere else. */
export function specFor(spec: PodSpec, node: string): PodSpec {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const field = { key: "metadata.name", operator: "In" as const, values: [node] };
  const terms = required?.nodeSelectorTerms ?? [{}];
  const nodeSelectorTerms = terms.map((term) => ({ ...term, matchFields: [field] }));
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms },
  };
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: tolerationsOf(spec) };
}

/** The node that a pod is made for, also before it is bound. */
export function nodeOf(spec: PodSpec): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const field = terms?.[0]?.matchFields?.find(({ key }) => key === "metadata.name");
  return field?.values?.[0];
}
