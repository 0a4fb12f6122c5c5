/** What the runtime says about one pod, in the kubelet's own terms. */
import { type ContainerStatus as CriContainerStatus, ContainerState as CriState } from "../cri/container.ts";
import { PodSandboxState, type PodSandboxStatus } from "../cri/sandbox.ts";
import { NamespaceMode } from "../cri/security.ts";
import type { Enforcement } from "../resources/enforcement.ts";

export interface ObservedSandbox {
  readonly id: string;
  /** Counts the pod's sandboxes from 0. */
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  /** Addresses of the pod; none for pods in the node's network. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageRef: string;
  readonly logPath: string;
  /** How often this container of the pod had been restarted when this one was made. */
  readonly restartCount: number;
  /** Fingerprint of the parts of the spec whose change asks for a new container. */
  readonly specHash: string;
  /** What the kernel grants it, as far as that is known. */
  readonly enforced?: Enforcement;
}

/** Labels and annotations that find a pod's parts again after a restart. */
export const label = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export const annotation = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  terminationGrace: "io.kubernetes.pod.terminationGracePeriod",
} as const;

const NANOS_PER_MS = 1_000_000n;
const ms = (nanos: bigint): number => (nanos <= 0n ? 0 : Number(nanos / NANOS_PER_MS));

export function observeSandbox(status: PodSandboxStatus): ObservedSandbox {
  const { ip = "", additionalIps = [] } = status.network ?? {};
  const ips = [ip, ...additionalIps.map((more) => more.ip)].filter((address) => address !== "");
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === PodSandboxState.ready,
    createdAtMs: ms(status.createdAt),
    ips,
    hostNetwork: status.linux?.namespaces?.options?.network === NamespaceMode.node,
  };
}

export function observeContainer(sandboxId: string, status: CriContainerStatus): ObservedContainer {
  return {
    id: status.id,
    name: status.metadata?.name ?? "",
    sandboxId,
    state: stateName(status.state),
    createdAtMs: ms(status.createdAt),
    startedAtMs: ms(status.startedAt),
    finishedAtMs: ms(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.image ?? "",
    imageRef: status.imageRef,
    logPath: status.logPath,
    restartCount: Number(status.annotations[annotation.restartCount] ?? status.metadata?.attempt ?? 0),
    specHash: status.annotations[annotation.hash] ?? "",
  };
}

function stateName(state: number): ObservedContainer["state"] {
  if (state === CriState.created) return "created";
  if (state === CriState.running) return "running";
  return state === CriState.exited ? "exited" : "unknown";
}
