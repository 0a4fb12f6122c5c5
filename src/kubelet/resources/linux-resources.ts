/** Requests and limits as the kernel's numbers. */
import type { Pod } from "#api/core-v1/pod";
import { qosClassOf } from "#api/core-v1/podresources";
import { quantityMilli, quantityValue } from "#machinery/quantity";
import type { Wire } from "#machinery/schema";
import type { LinuxContainerResources } from "../cri/resources.ts";
import type { Container } from "../pod/spec.ts";

const SHARES_PER_CPU = 1024;
export const SHARES_MIN = 2;
const SHARES_MAX = 262_144;
export const QUOTA_PERIOD_US = 100_000;
const QUOTA_MIN_US = 1_000;

/** Relative weight of so many thousandths of a CPU. */
export const sharesOf = (milliCpu: number): number =>
  Math.min(SHARES_MAX, Math.max(SHARES_MIN, Math.floor((milliCpu * SHARES_PER_CPU) / 1000)));

/** Version 2 of cgroups counts from 1 to 10000 what version 1 counts from 2 to 262144. */
export const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262_142);

/** Runtimes of late give 1024 shares the weight that the kernel takes for usual, and bend the line accordingly. */
const bentWeightOf = (shares: number): number => {
  if (shares <= SHARES_MIN) return 1;
  if (shares >= SHARES_MAX) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
};

/** The weights that runtimes give a container with so many shares. */
export const weightsOf = (shares: number): readonly number[] => [weightOf(shares), bentWeightOf(shares)];

/** Microseconds of CPU in each period; 0 for no limit. */
export const quotaOf = (milliCpu: number): number =>
  milliCpu <= 0 ? 0 : Math.max(QUOTA_MIN_US, Math.floor((milliCpu * QUOTA_PERIOD_US) / 1000));

/** Thousandths of a CPU whose weight this is; the inverse of `sharesOf`. */
export const milliCpuOfShares = (shares: number): number =>
  shares <= SHARES_MIN ? 0 : Math.ceil((shares * 1000) / SHARES_PER_CPU);

/** The inverse of `quotaOf`. */
export const milliCpuOfQuota = (quotaUs: number): number => Math.ceil((quotaUs * 1000) / QUOTA_PERIOD_US);

/** CPU in thousandths and memory in bytes; 0 where nothing was said. */
export interface Compute {
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

export function requested({ resources }: Container): Compute {
  const { requests, limits } = resources ?? {};
  return compute(requests?.cpu ?? limits?.cpu, requests?.memory ?? limits?.memory);
}

export const limited = ({ resources }: Container): Compute =>
  compute(resources?.limits?.cpu, resources?.limits?.memory);

const compute = (cpu: string | undefined, memory: string | undefined): Compute => ({
  milliCpu: cpu === undefined ? 0 : quantityMilli(cpu),
  memoryBytes: memory === undefined ? 0 : quantityValue(memory),
});

/** `nodeMemoryBytes`: what the node has in all. */
export function containerResources(
  pod: Pod,
  container: Container,
  nodeMemoryBytes: number,
): Wire<LinuxContainerResources> {
  const request = requested(container);
  const limit = limited(container);
  return {
    cpuShares: sharesOf(request.milliCpu),
    cpuPeriod: QUOTA_PERIOD_US,
    ...(limit.milliCpu > 0 ? { cpuQuota: quotaOf(limit.milliCpu) } : {}),
    ...(limit.memoryBytes > 0 ? { memoryLimitInBytes: limit.memoryBytes } : {}),
    oomScoreAdj: oomScoreAdjust(pod, request.memoryBytes, nodeMemoryBytes),
  };
}

const OOM_GUARANTEED = -997;
const OOM_BEST_EFFORT = 1000;

/** Who is killed first when the node runs out of memory: -1000 never, 1000 first. */
function oomScoreAdjust(pod: Pod, requestBytes: number, nodeMemoryBytes: number): number {
  if (pod.spec.priorityClassName === "system-node-critical") return OOM_GUARANTEED;
  const qos = qosClassOf(pod.spec);
  if (qos === "Guaranteed") return OOM_GUARANTEED;
  if (qos === "BestEffort") return OOM_BEST_EFFORT;
  const share = Math.floor((1000 * requestBytes) / Math.max(1, nodeMemoryBytes));
  return Math.min(Math.max(1000 - share, 1000 + OOM_GUARANTEED), OOM_BEST_EFFORT - 1);
}

export interface PodLimits {
  readonly cpuShares: number;
  /** 0 for no limit. */
  readonly cpuQuotaUs: number;
  /** 0 for no limit. */
  readonly memoryBytes: number;
}

/** What the pod's own cgroup allows its containers together. */
export function podLimits({ spec }: Pod): PodLimits {
  const fromContainers = containerLimits(spec);
  // What the pod says for itself holds for all of them together.
  const own = { name: "", resources: spec.resources ?? {} } as Container;
  const [request, limit] = [requested(own), limited(own)];
  return {
    cpuShares: request.milliCpu > 0 ? sharesOf(request.milliCpu) : fromContainers.cpuShares,
    cpuQuotaUs: limit.milliCpu > 0 ? quotaOf(limit.milliCpu) : fromContainers.cpuQuotaUs,
    memoryBytes: limit.memoryBytes > 0 ? limit.memoryBytes : fromContainers.memoryBytes,
  };
}

function containerLimits(spec: Pod["spec"]): PodLimits {
  const total = sum(spec.containers, requested);
  const sidecars = (spec.initContainers ?? []).filter((one) => one.restartPolicy === "Always");
  const together = add(total, sum(sidecars, requested));
  const all = [...spec.containers, ...sidecars];
  const limits = sum(all, limited);
  const inits = (spec.initContainers ?? []).map(limited);
  const everyHas = (of: keyof Compute) => [...all.map(limited), ...inits].every((limit) => limit[of] > 0);
  const atLeast = (of: keyof Compute) => Math.max(limits[of], ...inits.map((limit) => limit[of]));
  return {
    cpuShares: sharesOf(together.milliCpu),
    cpuQuotaUs: everyHas("milliCpu") ? quotaOf(atLeast("milliCpu")) : 0,
    memoryBytes: everyHas("memoryBytes") ? atLeast("memoryBytes") : 0,
  };
}

const add = (a: Compute, b: Compute): Compute => ({
  milliCpu: a.milliCpu + b.milliCpu,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});

const sum = (containers: readonly Container[], of: (container: Container) => Compute): Compute =>
  containers.map(of).reduce(add, { milliCpu: 0, memoryBytes: 0 });
