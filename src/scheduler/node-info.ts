import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import type { Taint } from "#api/core-v1/taint";
import { type Amounts, amountsOf, requestsOf } from "#api/core-v1/podresources";
import type { PlacedPod } from "./placed-pod.ts";

/** A node with the pods on it, bound or about to be, and the sums that plugins ask for. */
export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, PlacedPod>();
  /** Pods of a preemption that wait for room here, by uid. */
  readonly nominated = new Map<string, Pod>();
  #node: Node;
  #allocatable: Amounts;
  readonly #requested = new Map<string, number>();
  readonly #ports = new Map<string, number>();

  constructor(node: Node) {
    this.name = node.metadata.name;
    this.#node = node;
    this.#allocatable = amountsOf(node.status.allocatable);
  }

  get node(): Node {
    return this.#node;
  }

  update(node: Node): void {
    this.#node = node;
    this.#allocatable = amountsOf(node.status.allocatable);
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#node.metadata.labels ?? {};
  }

  get taints(): readonly Taint[] {
    return this.#node.spec.taints ?? [];
  }

  allocatable(resource: string): number {
    return this.#allocatable.get(resource) ?? 0;
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

  /** The same node with some pods gone, to try what preempting them would give. */
  without(uids: ReadonlySet<string>): NodeInfo {
    const copy = new NodeInfo(this.#node);
    for (const [uid, pod] of this.pods) if (!uids.has(uid)) copy.addPod(pod);
    for (const [uid, pod] of this.nominated) copy.nominated.set(uid, pod);
    return copy;
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
