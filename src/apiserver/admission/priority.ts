import { Pod } from "#api/core-v1/pod";
import { PriorityClass } from "#api/scheduling-v1/priorityclass";
import type { Admission, AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

/** Turns the name of a pod's priority class into the number that the scheduler goes by. */
export const priority = (cache: ReadCache): AdmissionPlugin => ({
  name: "Priority",
  handles: (admission) =>
    (admission.operation === "CREATE" || admission.operation === "UPDATE") &&
    (isAbout(admission, Pod) || isAbout(admission, PriorityClass)),
  admit(admission) {
    if (!isAbout(admission, Pod)) return undefined;
    const pod = admission.object as Pod;
    return admission.operation === "CREATE" ? withPriority(admission, pod, cache) : kept(admission, pod);
  },
  validate(admission) {
    if (isAbout(admission, PriorityClass)) refuseSecondDefault(admission, cache);
  },
});

/** A pod keeps the priority it was made with. */
function kept({ old }: Admission, pod: Pod): Pod {
  const before = (old as Pod).spec;
  const { priority: number, preemptionPolicy } = pod.spec;
  const spec = {
    ...pod.spec,
    priority: number ?? before.priority,
    preemptionPolicy: preemptionPolicy ?? before.preemptionPolicy,
  };
  return { ...pod, spec } as Pod;
}

function withPriority(admission: Admission, pod: Pod, cache: ReadCache): Pod {
  const { priorityClassName, priority: asked, preemptionPolicy } = pod.spec;
  const found = priorityClassName ? named(admission, priorityClassName, cache) : defaultClass(cache);
  const number = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? "PreemptLowerPriority";
  const rule = "must not be provided in pod spec; priority admission controller computed";
  if (asked !== undefined && asked !== number) {
    throw refusal(
      admission,
      `the integer value of priority (${asked}) ${rule} ${number} from the given PriorityClass name`,
    );
  }
  if (preemptionPolicy !== undefined && preemptionPolicy !== policy) {
    throw refusal(
      admission,
      `the string value of PreemptionPolicy (${preemptionPolicy}) ${rule} ${policy} from the given PriorityClass name`,
    );
  }
  const className = found && !priorityClassName ? { priorityClassName: found.metadata.name } : {};
  return { ...pod, spec: { ...pod.spec, ...className, priority: number, preemptionPolicy: policy } } as Pod;
}

function named(admission: Admission, name: string, cache: ReadCache): PriorityClass {
  const found = cache.get(PriorityClass, undefined, name);
  if (!found) throw refusal(admission, `no PriorityClass with name ${name} was found`);
  return found;
}

/** Should two say that they are the default, the lower one counts. */
function defaultClass(cache: ReadCache): PriorityClass | undefined {
  let lowest: PriorityClass | undefined;
  for (const candidate of cache.list(PriorityClass)) {
    if (candidate.globalDefault && (!lowest || candidate.value < lowest.value)) lowest = candidate;
  }
  return lowest;
}

function refuseSecondDefault(admission: Admission, cache: ReadCache): void {
  if (!(admission.object as PriorityClass).globalDefault) return;
  const present = defaultClass(cache);
  if (!present || present.metadata.name === admission.name) return;
  throw refusal(
    admission,
    `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
  );
}

/** The classes that every cluster has. */
export const systemPriorityClasses = [
  systemClass("system-node-critical", 2_000_001_000, "Pods that a node cannot do without."),
  systemClass("system-cluster-critical", 2_000_000_000, "Pods that the cluster cannot do without."),
];

function systemClass(name: string, value: number, description: string) {
  const { apiVersion, kind } = PriorityClass;
  return { apiVersion, kind, metadata: { name }, value, description };
}
