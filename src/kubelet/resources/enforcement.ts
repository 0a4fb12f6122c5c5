/** What the kernel enforces for a container, and how the API shows it. Pure. */
import { quantityOf, quantityOfMilli } from "#machinery/quantity";
import type { LinuxContainerResources } from "../cri/resources.ts";
import type { Container } from "../pod/spec.ts";
import {
  limited,
  milliCpuOfQuota,
  milliCpuOfShares,
  QUOTA_PERIOD_US,
  quotaOf,
  requested,
  sharesOf,
} from "./linux-resources.ts";

export interface Enforcement {
  readonly cpuShares: number;
  /** Microseconds in each period; 0 for no limit. */
  readonly cpuQuotaUs: number;
  /** 0 for no limit. */
  readonly memoryBytes: number;
}

/** What the spec asks for. */
export function enforcementOf(container: Container): Enforcement {
  const limit = limited(container);
  return {
    cpuShares: sharesOf(requested(container).milliCpu),
    cpuQuotaUs: quotaOf(limit.milliCpu),
    memoryBytes: limit.memoryBytes,
  };
}

export const isEnforced = (a: Enforcement, b: Enforcement): boolean =>
  a.cpuShares === b.cpuShares && a.cpuQuotaUs === b.cpuQuotaUs && a.memoryBytes === b.memoryBytes;

/** As a runtime tells it; undefined where it does not. */
export function enforcementSaid(resources: LinuxContainerResources | undefined): Enforcement | undefined {
  if (!resources?.cpuShares) return undefined;
  const { cpuShares, cpuQuota, cpuPeriod, memoryLimitInBytes } = resources;
  return {
    cpuShares,
    cpuQuotaUs: Math.round((Math.max(0, cpuQuota) * QUOTA_PERIOD_US) / (cpuPeriod || QUOTA_PERIOD_US)),
    memoryBytes: Math.max(0, memoryLimitInBytes),
  };
}

type Amounts = Readonly<Record<string, string>>;

/**
 * Requests and limits that are in force: the spec's own words where they say the same to the kernel, else what it
 * enforces. Requests of memory mean nothing to it.
 */
export function resourcesInForce(
  container: Container,
  enforced: Enforcement = enforcementOf(container),
): { readonly requests?: Amounts; readonly limits?: Amounts } {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const wanted = enforcementOf(container);
  const cpu = (milli: number) => (milli > 0 ? quantityOfMilli(milli) : undefined);
  const memory = enforced.memoryBytes > 0 ? quantityOf(enforced.memoryBytes, "BinarySI") : undefined;
  const isCpuRequested = enforced.cpuShares === wanted.cpuShares;
  const isCpuLimited = enforced.cpuQuotaUs === wanted.cpuQuotaUs;
  const isMemoryLimited = enforced.memoryBytes === wanted.memoryBytes;
  return {
    ...filled("limits", limits, {
      ...(isCpuLimited ? {} : { cpu: cpu(milliCpuOfQuota(enforced.cpuQuotaUs)) }),
      ...(isMemoryLimited ? {} : { memory }),
    }),
    ...filled("requests", requests, isCpuRequested ? {} : { cpu: cpu(milliCpuOfShares(enforced.cpuShares)) }),
  };
}

/** Nothing, where nothing is left. */
function filled<K extends string>(
  key: K,
  amounts: Amounts,
  changes: Readonly<Record<string, string | undefined>>,
): Partial<Record<K, Amounts>> {
  const entries = Object.entries({ ...amounts, ...changes });
  const left = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return left.length > 0 ? ({ [key]: Object.fromEntries(left) } as Record<K, Amounts>) : {};
}
