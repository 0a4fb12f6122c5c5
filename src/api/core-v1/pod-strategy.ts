import { own } from "#api/checks";
import type { LabelSelector } from "#api/meta-v1/labelselector";
import type { Affinity, PodAffinityTerm } from "./affinity.ts";
import { withAnnotatedProfiles } from "./pod-apparmor.ts";
import { qosClassOf } from "./podresources.ts";
import type { PodSpec } from "./podspec.ts";
import type { PodParts } from "./podstate.ts";
import type { PodStatus } from "./podstatus.ts";

type Labels = Readonly<Record<string, string>>;

/** A pod as it is first stored: pending, with its class of service and its selectors settled. */
export const createdPod = <P extends PodParts>(pod: P): P => ({
  ...pod,
  spec: settledSelectors(withAnnotatedProfiles(pod.metadata, pod.spec), pod.metadata.labels ?? {}),
  status: firstStatus(pod.spec),
});

function firstStatus(spec: PodSpec): PodStatus {
  const status: PodStatus = { phase: "Pending", qosClass: qosClassOf(spec) };
  if (!spec.schedulingGates || spec.schedulingGates.length === 0) return status;
  const gated = {
    type: "PodScheduled",
    status: "False",
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
  } as const;
  return { ...status, conditions: [gated] };
}

/** The class of service is settled when a pod is made. */
export const keptQosClass = <P extends PodParts>(pod: P, old: P): P =>
  pod.status.qosClass === undefined && old.status.qosClass !== undefined
    ? { ...pod, status: { ...pod.status, qosClass: old.status.qosClass } }
    : pod;

/** `matchLabelKeys` name labels of the pod itself; from now on the selector holds their values. */
function settledSelectors(spec: PodSpec, labels: Labels): PodSpec {
  const { affinity, topologySpreadConstraints } = spec;
  if (!affinity?.podAffinity && !affinity?.podAntiAffinity && !topologySpreadConstraints) return spec;
  return {
    ...spec,
    ...(affinity ? { affinity: settledAffinity(affinity, labels) } : {}),
    ...(topologySpreadConstraints
      ? {
          topologySpreadConstraints: topologySpreadConstraints.map((constraint) => ({
            ...constraint,
            ...settled(constraint.labelSelector, constraint.matchLabelKeys, [], labels),
          })),
        }
      : {}),
  };
}

function settledAffinity(affinity: Affinity, labels: Labels): Affinity {
  const settle = (of: Affinity["podAffinity"]): Affinity["podAffinity"] =>
    of && {
      ...of,
      ...(of.requiredDuringSchedulingIgnoredDuringExecution
        ? {
            requiredDuringSchedulingIgnoredDuringExecution:
              of.requiredDuringSchedulingIgnoredDuringExecution.map((term) => settledTerm(term, labels)),
          }
        : {}),
      ...(of.preferredDuringSchedulingIgnoredDuringExecution
        ? {
            preferredDuringSchedulingIgnoredDuringExecution:
              of.preferredDuringSchedulingIgnoredDuringExecution.map((weighted) => ({
                ...weighted,
                podAffinityTerm: settledTerm(weighted.podAffinityTerm, labels),
              })),
          }
        : {}),
    };
  return {
    ...affinity,
    ...(affinity.podAffinity ? { podAffinity: settle(affinity.podAffinity) } : {}),
    ...(affinity.podAntiAffinity ? { podAntiAffinity: settle(affinity.podAntiAffinity) } : {}),
  };
}

const settledTerm = (term: PodAffinityTerm, labels: Labels): PodAffinityTerm => ({
  ...term,
  ...settled(term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys, labels),
});

function settled(
  selector: LabelSelector | undefined,
  same: readonly string[] | undefined,
  other: readonly string[] | undefined,
  labels: Labels,
): { readonly labelSelector?: LabelSelector } {
  const added = [...requirements(same, "In", labels), ...requirements(other, "NotIn", labels)];
  if (!selector || added.length === 0) return {};
  return {
    labelSelector: { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] },
  };
}

const requirements = (keys: readonly string[] | undefined, operator: string, labels: Labels) =>
  (keys ?? [])
    .filter((key) => own(labels, key) !== undefined)
    .map((key) => ({ key, operator, values: [labels[key]!] }));
