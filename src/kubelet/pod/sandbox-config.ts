import type { Pod } from "#api/core-v1/pod";
import type { Wire } from "#machinery/schema";
import { sandboxSecurity } from "../container/security.ts";
import { type PodSandboxConfig, Protocol } from "../cri/sandbox.ts";
import { type Directories, podLogDir } from "./directories.ts";
import type { DnsSettings, PodNames } from "./dns.ts";
import { label } from "./observed.ts";
import { isHostNetwork, isSidecar } from "./spec.ts";

export interface SandboxSettings {
  readonly dirs: Directories;
  readonly dns: DnsSettings;
  readonly names: PodNames;
  readonly cgroupParent: string;
}

/** What the runtime is asked for when it makes the pod's sandbox for the `attempt`th time, counted from 0. */
export function sandboxConfig(
  pod: Pod,
  attempt: number,
  { dirs, dns, names, cgroupParent }: SandboxSettings,
): Wire<PodSandboxConfig> {
  const { name, uid, namespace = "" } = pod.metadata;
  return {
    metadata: { name, uid, namespace, attempt },
    // The node's own name stays where the pod shares its network.
    hostname: isHostNetwork(pod) ? "" : names.hostname,
    logDirectory: podLogDir(dirs, pod),
    dnsConfig: dns,
    portMappings: isHostNetwork(pod) ? [] : hostPorts(pod),
    labels: { ...pod.metadata.labels, ...podLabels(pod) },
    annotations: { ...pod.metadata.annotations },
    linux: {
      cgroupParent,
      sysctls: Object.fromEntries(
        (pod.spec.securityContext?.sysctls ?? []).map((one) => [one.name, one.value]),
      ),
      securityContext: sandboxSecurity(pod),
    },
  };
}

/** By these the kubelet finds its pods again. */
export const podLabels = ({ metadata }: Pod): Record<string, string> => ({
  [label.podName]: metadata.name,
  [label.podNamespace]: metadata.namespace ?? "",
  [label.podUid]: metadata.uid,
});

function hostPorts({ spec }: Pod) {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ hostPort = 0, containerPort, protocol = "TCP", hostIP = "" }) => ({
        hostPort,
        containerPort,
        hostIp: hostIP,
        protocol: Protocol[protocol as keyof typeof Protocol],
      })),
  );
}
