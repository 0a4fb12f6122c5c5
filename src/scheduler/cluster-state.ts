import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { NodeReader } from "./node-facts.ts";
import { NodeInfo } from "./node-info.ts";
import { type Marked, type PlacedPod, Placing } from "./placed-pod.ts";

const TERMINAL = new Set(["Succeeded", "Failed"]);

/** Does the pod hold its node's resources? */
export const occupies = (pod: Pod): boolean => !TERMINAL.has(pod.status.phase ?? "");

/**
 * What the scheduler knows of the cluster, kept true by deltas. A scheduling cycle runs without waiting, so it
 * reads this state as it is and no copy is made for it.
 */
export class ClusterState {
  readonly nodes = new Map<string, NodeInfo>();
  readonly #placing = new Placing();
  readonly #reader = new NodeReader();
  /** In a fixed order, so that a search can go on where the last one stopped. */
  #order: NodeInfo[] = [];
  readonly #nodeOfPod = new Map<string, string>();
  readonly #nominatedTo = new Map<string, NodeInfo>();
  /** Pods on nodes that are not known (yet). */
  readonly #homeless = new Map<string, Map<string, PlacedPod>>();
  readonly #podsByNamespace = new Map<string, Map<string, PlacedPod>>();
  /** Pods whose required anti-affinity keeps others away. */
  readonly repelling = new Map<string, PlacedPod>();
  readonly #namespaceLabels = new Map<string, Readonly<Record<string, string>>>();

  get nodeList(): readonly NodeInfo[] {
    return this.#order;
  }

  /** Pods that are on a node, or assumed to be. */
  get podCount(): number {
    return this.#nodeOfPod.size;
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const facts = this.#reader.of(node);
    const known = this.nodes.get(name);
    if (known) return known.update(facts);
    const info = new NodeInfo(facts);
    for (const pod of this.#homeless.get(name)?.values() ?? []) info.addPod(pod);
    this.#homeless.delete(name);
    this.nodes.set(name, info);
    this.#order.push(info);
  }

  removeNode(name: string): void {
    const info = this.nodes.get(name);
    if (!info) return;
    if (info.pods.size > 0) this.#homeless.set(name, new Map(info.pods));
    this.nodes.delete(name);
    this.#order = this.#order.filter((other) => other !== info);
  }

  /** A pod that is on a node, or assumed to be. */
  setPod(pod: Pod, nodeName: string): void {
    this.putBack(this.#placing.of(pod), nodeName);
  }

  /** Puts a pod back that was removed. */
  putBack(pod: PlacedPod, nodeName: string): void {
    const { uid, namespace = "" } = pod.metadata;
    const before = this.#nodeOfPod.get(uid);
    if (before !== undefined && before !== nodeName) this.removePod(pod);
    this.#nodeOfPod.set(uid, nodeName);
    const info = this.nodes.get(nodeName);
    if (info) info.addPod(pod);
    else entryOf(this.#homeless, nodeName).set(uid, pod);
    entryOf(this.#podsByNamespace, namespace).set(uid, pod);
    if (pod.affinity) this.repelling.set(uid, pod);
    else this.repelling.delete(uid);
  }

  removePod({ metadata: { uid, namespace = "" } }: Marked): void {
    const nodeName = this.#nodeOfPod.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOfPod.delete(uid);
    this.nodes.get(nodeName)?.removePod(uid);
    const homeless = this.#homeless.get(nodeName);
    homeless?.delete(uid);
    if (homeless?.size === 0) this.#homeless.delete(nodeName);
    const pods = this.#podsByNamespace.get(namespace);
    pods?.delete(uid);
    if (pods?.size === 0) this.#podsByNamespace.delete(namespace);
    this.repelling.delete(uid);
  }

  nodeOf(pod: Marked): NodeInfo | undefined {
    return this.nodes.get(this.#nodeOfPod.get(pod.metadata.uid) ?? "");
  }

  podsIn(namespace: string): Iterable<PlacedPod> {
    return this.#podsByNamespace.get(namespace)?.values() ?? [];
  }

  get namespacesWithPods(): Iterable<string> {
    return this.#podsByNamespace.keys();
  }

  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels) this.#namespaceLabels.set(name, labels);
    else this.#namespaceLabels.delete(name);
  }

  namespaceLabels(name: string): Readonly<Record<string, string>> {
    return this.#namespaceLabels.get(name) ?? {};
  }

  nominate(pod: Pod, nodeName: string): void {
    this.clearNomination(pod.metadata.uid);
    const info = this.nodes.get(nodeName);
    if (!info) return;
    info.nominated.set(pod.metadata.uid, pod);
    this.#nominatedTo.set(pod.metadata.uid, info);
  }

  clearNomination(uid: string): void {
    this.#nominatedTo.get(uid)?.nominated.delete(uid);
    this.#nominatedTo.delete(uid);
  }
}

function entryOf<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let entry = maps.get(key);
  if (!entry) maps.set(key, (entry = new Map()));
  return entry;
}
