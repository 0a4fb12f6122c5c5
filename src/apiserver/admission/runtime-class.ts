import { Pod } from "#api/core-v1/pod";
import type { PodSpec } from "#api/core-v1/podspec";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { compareQuantities } from "#machinery/quantity";
import type { Admission, AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

/** Gives a pod what its runtime class asks for: overhead, and nodes that have that runtime. */
export const runtimeClass = (cache: ReadCache): AdmissionPlugin => {
  const classOf = (admission: Admission, { runtimeClassName }: PodSpec): RuntimeClass | undefined => {
    if (runtimeClassName === undefined) return undefined;
    const found = cache.get(RuntimeClass, undefined, runtimeClassName);
    if (!found) throw refusal(admission, `pod rejected: RuntimeClass "${runtimeClassName}" not found`);
    return found;
  };
  return {
    name: "RuntimeClass",
    handles: (admission) => admission.operation === "CREATE" && isAbout(admission, Pod),
    admit(admission) {
      const pod = admission.object as Pod;
      const found = classOf(admission, pod.spec);
      if (!found) return undefined;
      const overhead = found.overhead?.podFixed;
      const spec = {
        ...pod.spec,
        ...(overhead && !pod.spec.overhead ? { overhead } : {}),
        ...placement(admission, pod.spec, found),
      };
      return { ...pod, spec } as Pod;
    },
    validate(admission) {
      const { spec } = admission.object as Pod;
      const overhead = classOf(admission, spec)?.overhead?.podFixed;
      if (!spec.overhead || Object.keys(spec.overhead).length === 0) return;
      if (!overhead) {
        throw refusal(
          admission,
          "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        );
      }
      if (!sameAmounts(spec.overhead, overhead)) {
        throw refusal(
          admission,
          "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        );
      }
    },
  };
};

function placement(admission: Admission, spec: PodSpec, { scheduling }: RuntimeClass): Partial<PodSpec> {
  if (!scheduling) return {};
  const { nodeSelector = {}, tolerations = [] } = scheduling;
  const own = spec.nodeSelector ?? {};
  for (const [key, value] of Object.entries(nodeSelector)) {
    if (own[key] === undefined || own[key] === value) continue;
    throw refusal(
      admission,
      `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`,
    );
  }
  const present = spec.tolerations ?? [];
  const known = new Set(present.map((toleration) => JSON.stringify(toleration)));
  const added = tolerations.filter((toleration) => !known.has(JSON.stringify(toleration)));
  return {
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector: { ...own, ...nodeSelector } } : {}),
    ...(added.length > 0 ? { tolerations: [...present, ...added] } : {}),
  };
}

function sameAmounts(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => right[name] !== undefined && compareQuantities(left[name]!, right[name]) === 0)
  );
}
