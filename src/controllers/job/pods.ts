import { Job } from "#api/batch-v1/job";
import type { Pod } from "#api/core-v1/pod";
import { isTerminal } from "#api/core-v1/podstate";
import { parseTime } from "#machinery/time";
import type { Wire } from "#machinery/schema";
import { isLeaving } from "../pod-facts.ts";
import { podFrom } from "../pod-creation.ts";

/** Holds a finished pod until it has been counted. */
export const TRACKING = "batch.kubernetes.io/job-tracking";
const INDEX = "batch.kubernetes.io/job-completion-index";
export const INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count";

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false;

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === "Indexed";

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX];
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** How often pods of this index had failed when this one was made. */
export const failuresBefore = ({ metadata }: Pod): number =>
  Number(metadata.annotations?.[INDEX_FAILURES] ?? "0") || 0;

/** Pods on their way out count as failed at once, unless the job wants to wait until they have. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === "Failed") return true;
  return isLeaving(pod) && !isTerminal(pod) && job.spec.podReplacementPolicy !== "Failed";
}

/** When the pod's last container ended, or the pod was told to go, in epoch milliseconds. */
export function endedAtMs({ metadata, status }: Pod): number | undefined {
  const ends = (status.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt);
  const times = [...ends, metadata.deletionTimestamp]
    .filter((time) => typeof time === "string")
    .map(parseTime);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** A new pod of the job; `index` for indexed jobs. */
export function newPod(job: Job, index: number | undefined, failures: number): Wire<Pod> {
  const { template, backoffLimitPerIndex } = job.spec;
  const pod = podFrom(template, Job, job) as { metadata: Record<string, unknown>; spec: Pod["spec"] };
  const finalizers = [...new Set([...(template.metadata.finalizers ?? []), TRACKING])];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } } as Wire<Pod>;
  const { name } = job.metadata;
  const marks = { [INDEX]: String(index) };
  const counted = backoffLimitPerIndex === undefined ? {} : { [INDEX_FAILURES]: String(failures) };
  const metadata = {
    ...pod.metadata,
    generateName: `${`${name}-${index}`.slice(0, 57)}-`,
    finalizers,
    labels: { ...(pod.metadata.labels as object), ...marks },
    annotations: { ...(pod.metadata.annotations as object), ...marks, ...counted },
  };
  const spec = { ...withIndexVariable(pod.spec), hostname: `${name}-${index}`.slice(0, 63) };
  return { metadata, spec } as Wire<Pod>;
}

const VARIABLE = {
  name: "JOB_COMPLETION_INDEX",
  valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${INDEX}']` } },
};

function withIndexVariable(spec: Pod["spec"]): Pod["spec"] {
  type Containers = Pod["spec"]["containers"];
  const known = (container: Containers[number]) => container.env?.some(({ name }) => name === VARIABLE.name);
  const informed = (containers: Containers): Containers =>
    containers.map((container) =>
      known(container) ? container : { ...container, env: [...(container.env ?? []), VARIABLE] },
    );
  return {
    ...spec,
    containers: informed(spec.containers),
    ...(spec.initContainers ? { initContainers: informed(spec.initContainers) } : {}),
  };
}
