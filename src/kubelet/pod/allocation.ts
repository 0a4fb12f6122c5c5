/** What the node has set aside for a pod whose spec has since come to ask for something else. */
import { sameValue } from "#api/checks";
import type { Pod } from "#api/core-v1/pod";
import type { Container } from "./spec.ts";
import { statusOfContainer } from "./container-status.ts";

/** Why the node does not give a pod what it now asks for: not yet, or never. */
export interface ResizeProblem {
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
}

/** `unknown`: not all that takes up room on the node is known yet. */
export type ResizeAnswer = ResizeProblem | "unknown" | undefined;

type Resources = Container["resources"];
type Grant = ReadonlyMap<string, Resources>;

/** Keeps a pod at the resources that it was granted, until it can have what it asks for. */
export class PodAllocation {
  readonly #problemOf: (pod: Pod) => ResizeAnswer;
  #desired: Pod;
  #granted: Grant;
  #problem: ResizeProblem | undefined;

  /** What ran before this kubelet has been granted what its status says. */
  constructor(pod: Pod, problemOf: (pod: Pod) => ResizeAnswer) {
    this.#desired = pod;
    this.#granted = grantShown(pod);
    this.#problemOf = problemOf;
  }

  /** The pod with the resources that it was granted. */
  get pod(): Pod {
    return withResources(this.#desired, this.#granted);
  }

  /** Why the pod does not have what it asks for. */
  get problem(): ResizeProblem | undefined {
    return this.#problem;
  }

  /** The pod asks for other resources than it was granted. */
  get isOpen(): boolean {
    return this.pod !== this.#desired;
  }

  /** The API's object has changed. */
  take(pod: Pod): void {
    this.#desired = pod;
    this.review();
  }

  /** Grants what the pod asks for, if there is room for it by now. */
  review(): void {
    const problem = this.isOpen ? this.#problemOf(this.#desired) : undefined;
    if (problem === "unknown") return;
    this.#problem = problem;
    if (!this.#problem) this.#granted = grantOf(this.#desired);
  }
}

const containersOf = ({ spec }: Pod): readonly Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

const grantOf = (pod: Pod): Grant =>
  new Map(containersOf(pod).map(({ name, resources }) => [name, resources]));

function grantShown(pod: Pod): Grant {
  return new Map(
    containersOf(pod).map(({ name, resources }) => {
      const shown = statusOfContainer(pod.status, name);
      if (!shown?.resources) return [name, resources];
      // Servers keep what is allocated only where they are told to; what is in force is as good but for a moment.
      const { limits } = shown.resources;
      const requests = shown.allocatedResources ?? shown.resources.requests;
      return [name, { ...resources, ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) }];
    }),
  );
}

/** Do both give each container the same? */
export function hasSameResources(a: Pod, b: Pod): boolean {
  const others = grantOf(b);
  return containersOf(a).every(({ name, resources }) => sameValue(resources, others.get(name)));
}

/** The pod itself where it asks for just that. */
function withResources(pod: Pod, granted: Grant): Pod {
  const put = (container: Container): Container => ({
    ...container,
    resources: granted.get(container.name) ?? container.resources,
  });
  const { containers, initContainers } = pod.spec;
  const inits = initContainers ? { initContainers: initContainers.map(put) } : {};
  const made = { ...pod, spec: { ...pod.spec, containers: containers.map(put), ...inits } };
  return hasSameResources(made, pod) ? pod : made;
}
