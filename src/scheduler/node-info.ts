import type { Pod } from "#api/core-v1/pod";
import type { Taint } from "#api/core-v1/taint";
import { requestsOf } from "#api/core-v1/podresources";
import type { NodeFacts, NodeImages } from "./node-facts.ts";
import type { PlacedPod } from "./placed-pod.ts";

/** A node with the pods on it, bound or about to be, and the sums that plugins ask for. */
export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, PlacedPod>();
  /** Pods of a preemption that wait for room here, by uid. */
  readonly nominated = new Map<string, Pod>();
  #facts: NodeFacts;
  readonly #requested = new Map<string, number>();
  readonly #ports = new Map<string, number>();

  constructor(facts: NodeFacts) {
    this.name = facts.name;
    this.#facts = facts;
  }

  update(facts: NodeFacts): void {
    this.#facts = facts;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#facts.labels;
  }

  get taints(): readonly Taint[] {
    return this.#facts.taints;
  }

  get unschedulable(): boolean {
    return this.#facts.unschedulable;
  }

  get images(): NodeImages {
    return this.#facts.images;
  }

  allocatable(resource: string): number {
    return this.#facts.allocatable.get(resource) ?? 0;
  }

  requested(resource: string): number {
    return resource === "pods" ? this.pods.size : (this.#requested.get(resource) ?? 0);
  }

  /** What is left for a pod of this priority: nominated pods that may not be overtaken count as being there. */
  free(resource: string, priority = Number.POSITIVE_INFINITY, uid = ""): number {
    let free = this.allocatable(resource) - this.requested(resource);
    for (const [other, pod] of this.nominated) {
      if (other === uid || (pod.spec.priority ?? 0) < priority) continue;
      free -= resource === "pods" ? 1 : (requestsOf(pod).get(resource) ?? 0);
    }
    return free;
  }

  /** `protocol/ip/port` of host ports in use. */
  get portsInUse(): Iterable<string> {
    return this.#ports.keys();
  }

  /** The answer says whether the pod was not there before. */
  addPod(pod: PlacedPod): boolean {
    const known = this.pods.get(pod.metadata.uid);
    if (known) this.#count(known, -1);
    this.pods.set(pod.metadata.uid, pod);
    this.#count(pod, 1);
    return known === undefined;
  }

  removePod(uid: string): PlacedPod | undefined {
    const pod = this.pods.get(uid);
    if (!pod) return undefined;
    this.pods.delete(uid);
    this.#count(pod, -1);
    return pod;
  }

  #count({ requests, hostPorts }: PlacedPod, sign: 1 | -1): void {
    for (const [resource, value] of requests) {
      this.#requested.set(resource, (this.#requested.get(resource) ?? 0) + sign * value);
    }
    for (const port of hostPorts) {
      const uses = (this.#ports.get(port) ?? 0) + sign;
      if (uses === 0) this.#ports.delete(port);
      else this.#ports.set(port, uses);
    }
  }
}
