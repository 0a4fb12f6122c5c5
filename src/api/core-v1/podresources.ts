import { quantityMilli, quantityValue } from "#machinery/quantity";
import type { Container } from "./container.ts";
import type { PodSpec } from "./podspec.ts";
import type { ResourceList } from "./resources.ts";

/** Amounts by resource: `cpu` in thousandths, everything else in units (bytes, pieces), rounded up. */
export type Amounts = ReadonlyMap<string, number>;

export const amountOf = (resource: string, quantity: string): number =>
  resource === "cpu" ? quantityMilli(quantity) : quantityValue(quantity);

export const amountsOf = (list: ResourceList | undefined): Map<string, number> =>
  new Map(Object.entries(list ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]));

function add(to: Map<string, number>, more: Amounts): void {
  for (const [name, amount] of more) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, other: Amounts): void {
  for (const [name, amount] of other) to.set(name, Math.max(to.get(name) ?? 0, amount));
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";

const requested = ({ resources }: Container): Map<string, number> => amountsOf(resources.requests);
const limited = ({ resources }: Container): Map<string, number> => amountsOf(resources.limits);

/**
 * The most that the containers need at one time: all of them together with the sidecars, or one init container with
 * the sidecars that started before it.
 */
function peak(spec: PodSpec, of: (container: Container) => Map<string, number>): Map<string, number> {
  const sidecars = new Map<string, number>();
  const initial = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (isSidecar(container)) {
      add(sidecars, own);
      raise(initial, sidecars);
    } else {
      add(own, sidecars);
      raise(initial, own);
    }
  }
  for (const container of spec.containers) add(sidecars, of(container));
  raise(sidecars, initial);
  return sidecars;
}

/** What the containers ask for together, whatever the pod as a whole says. */
export const containerRequestsOf = (spec: PodSpec): Amounts => peak(spec, requested);

function total(
  spec: PodSpec,
  of: (container: Container) => Map<string, number>,
  podLevel: ResourceList | undefined,
): Map<string, number> {
  const amounts = peak(spec, of);
  for (const [name, amount] of amountsOf(podLevel)) amounts.set(name, amount);
  return amounts;
}

const requests = new WeakMap<PodSpec, Amounts>();

/** What a pod asks of its node, overhead included. Kept per spec, since specs are shared and never change. */
export function requestsOf({ spec }: { readonly spec: PodSpec }): Amounts {
  const known = requests.get(spec);
  if (known) return known;
  const amounts = total(spec, requested, spec.resources?.requests);
  add(amounts, amountsOf(spec.overhead));
  requests.set(spec, amounts);
  return amounts;
}

/** What a pod may use at most; resources that some container has no limit for are not bounded by this. */
export function limitsOf({ spec }: { readonly spec: PodSpec }): Amounts {
  const amounts = total(spec, limited, spec.resources?.limits);
  for (const [name, amount] of amountsOf(spec.overhead))
    if (amounts.has(name)) amounts.set(name, amounts.get(name)! + amount);
  return amounts;
}

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const DECISIVE = ["cpu", "memory"] as const;

const decisive = (list: ResourceList | undefined): Amounts =>
  new Map([...amountsOf(list)].filter(([name, amount]) => DECISIVE.includes(name as "cpu") && amount > 0));

/** How dearly the node holds on to a pod: by what it asked for, and whether it promised to use no more. */
export function qosClassOf(spec: PodSpec): QosClass {
  const { resources: whole } = spec;
  const parts =
    whole?.requests || whole?.limits
      ? [whole]
      : [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => resources);
  let asked = false;
  let bounded = true;
  for (const part of parts) {
    const wants = decisive(part.requests);
    const limits = decisive(part.limits);
    if (wants.size > 0 || limits.size > 0) asked = true;
    bounded &&= DECISIVE.every(
      (name) => limits.has(name) && (!wants.has(name) || wants.get(name) === limits.get(name)),
    );
  }
  if (!asked) return "BestEffort";
  return bounded ? "Guaranteed" : "Burstable";
}
