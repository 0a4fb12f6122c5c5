import { Pod } from "#api/core-v1/pod";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";

/** Where a kubelet gets its pods from. */
export interface PodSource {
  /** Resolves when all pods there are at the start have been told. */
  readonly synced: Promise<void>;
  /** Tells of every pod of this node, now and later; the answer ends it. */
  handle(handlers: { added(pod: Pod): void; updated(pod: Pod): void; deleted(pod: Pod): void }): () => void;
}

/** The pods that the API has bound to the node. */
export const podsOfNode = (informers: InformerSet, nodeName: string): PodSource & Informer<Pod> =>
  informers.of(Pod, { fieldSelector: `spec.nodeName=${nodeName}` });
