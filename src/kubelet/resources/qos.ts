import type { Pod } from "#api/core-v1/pod";
import { compareQuantities, quantityValue } from "#machinery/quantity";
import type { Container } from "../pod/spec.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const COMPUTE = ["cpu", "memory"] as const;

/** The quality of service that the containers' requests and limits of CPU and memory amount to. */
export function qosClass({ spec }: Pod): QosClass {
  const pod = spec.resources;
  if (pod && (pod.requests || pod.limits)) return classOf([{ resources: pod } as Container]);
  return classOf([...(spec.initContainers ?? []), ...spec.containers]);
}

function classOf(containers: readonly Container[]): QosClass {
  let asksNothing = true;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const resource of COMPUTE) {
      const request = positive(resources?.requests?.[resource]);
      const limit = positive(resources?.limits?.[resource]);
      if (request || limit) asksNothing = false;
      if (!limit || (request && compareQuantities(request, limit) !== 0)) guaranteed = false;
    }
  }
  if (asksNothing) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

const positive = (quantity: string | undefined): string | undefined =>
  quantity !== undefined && Number(quantityValue(quantity)) > 0 ? quantity : undefined;
