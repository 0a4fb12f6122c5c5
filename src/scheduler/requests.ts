import type { Pod } from "#api/core-v1/pod";
import { quantityMilli, quantityValue } from "#machinery/quantity";

/** Amounts by resource name: cpu in thousandths of a core, everything else in its own unit (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>;

type Quantities = Readonly<Record<string, string>>;

export function amountsOf(quantities: Quantities = {}): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(quantities))
    amounts.set(resource, amount(resource, quantity));
  return amounts;
}

const amount = (resource: string, quantity: string): number =>
  resource === "cpu" ? quantityMilli(quantity) : quantityValue(quantity);

const cache = new WeakMap<Pod, Amounts>();

/**
 * What a pod takes from its node: all containers and sidecars together, or the hungriest moment of its start,
 * whichever is more, plus its overhead; requests of the pod as a whole come first.
 */
export function requestsOf(pod: Pod): Amounts {
  let amounts = cache.get(pod);
  if (!amounts) cache.set(pod, (amounts = computeRequests(pod)));
  return amounts;
}

function computeRequests({ spec }: Pod): Amounts {
  const running = new Map<string, number>();
  let peak: Amounts = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const requests = amountsOf(container.resources.requests);
    if (container.restartPolicy === "Always") add(running, requests);
    // Sidecars that started earlier run beside this one.
    peak = larger(peak, container.restartPolicy === "Always" ? running : sum(running, requests));
  }
  for (const container of spec.containers) add(running, amountsOf(container.resources.requests));
  const total = larger(running, peak);
  for (const [resource, quantity] of amountsOf(spec.resources?.requests)) total.set(resource, quantity);
  add(total, amountsOf(spec.overhead));
  return total;
}

function add(to: Map<string, number>, amounts: Amounts): void {
  for (const [resource, value] of amounts) to.set(resource, (to.get(resource) ?? 0) + value);
}

function sum(one: Amounts, other: Amounts): Map<string, number> {
  const total = new Map(one);
  add(total, other);
  return total;
}

function larger(one: Amounts, other: Amounts): Map<string, number> {
  const most = new Map(one);
  for (const [resource, value] of other) most.set(resource, Math.max(most.get(resource) ?? 0, value));
  return most;
}
