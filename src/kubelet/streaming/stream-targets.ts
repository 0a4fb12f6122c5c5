import type { Pod } from "#api/core-v1/pod";

/** What the kubelet's server needs to know of the pods on this node. */
export interface StreamTargets {
  pods(): Iterable<Pod>;
  find(namespace: string, name: string): StreamTarget | undefined;
}

/** One pod as the runtime has it. */
export interface StreamTarget {
  readonly pod: Pod;
  /** ID of the pod's sandbox, when it is ready. */
  readonly sandboxId: string | undefined;
  /** The newest container of this name; undefined while it was never created. */
  container(name: string): StreamContainer | undefined;
  /** The one before the newest, for `logs --previous`. */
  previous(name: string): StreamContainer | undefined;
  /** Why a container that does not exist yet is waiting: `ContainerCreating`. */
  waitingReason(name: string): string;
}

export interface StreamContainer {
  readonly id: string;
  readonly running: boolean;
  readonly logPath: string;
  /** Called once when the container has ended; at once when it has already. The answer ends it. */
  onExit(listener: () => void): () => void;
}
