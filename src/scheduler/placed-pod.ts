import type { Pod } from "#api/core-v1/pod";
import { type Amounts, requestsOf } from "#api/core-v1/podresources";
import { Shared } from "./shared.ts";

/** What tells a pod from others, and what others select it by. */
export type Marked = {
  readonly metadata: Pick<
    Pod["metadata"],
    "name" | "namespace" | "uid" | "labels" | "ownerReferences" | "deletionTimestamp"
  >;
};

/**
 * What the scheduler remembers of a pod that has its node: a small part of it, as there are many of them. What
 * replicas have in common is kept once.
 */
export interface PlacedPod extends Marked {
  readonly priority: number;
  readonly requests: Amounts;
  /** `TCP/0.0.0.0/80` for every host port. */
  readonly hostPorts: readonly string[];
  /** Undefined unless it keeps others away. */
  readonly affinity: Pod["spec"]["affinity"];
}

/** Makes what is remembered of pods. */
export class Placing {
  readonly #labels = new Shared<Pod["metadata"]["labels"]>();
  readonly #owners = new Shared<Pod["metadata"]["ownerReferences"]>();
  readonly #requests = new Shared<Amounts>();
  readonly #texts = new Shared<string>();

  of(pod: Pod): PlacedPod {
    const { name, namespace = "", uid, labels, ownerReferences, deletionTimestamp } = pod.metadata;
    const { affinity, priority = 0 } = pod.spec;
    const requests = requestsOf(pod);
    const repels = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length;
    return {
      metadata: {
        name,
        namespace: this.#texts.of(namespace, namespace),
        uid,
        labels: labels && this.#labels.of(JSON.stringify(labels), labels),
        ownerReferences: ownerReferences && this.#owners.of(JSON.stringify(ownerReferences), ownerReferences),
        deletionTimestamp,
      },
      priority,
      requests: this.#requests.of([...requests].join(), requests),
      hostPorts: hostPortsOf(pod),
      affinity: repels ? affinity : undefined,
    };
  }
}

const NO_PORTS: readonly string[] = [];

/** `TCP/0.0.0.0/80` for every host port of a pod. */
export function hostPortsOf({ spec }: Pod): readonly string[] {
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((init) => init.restartPolicy === "Always"),
  ];
  const ports = containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [`${protocol ?? "TCP"}/${hostIP || "0.0.0.0"}/${hostPort}`] : [],
    ),
  );
  return ports.length === 0 ? NO_PORTS : ports;
}
