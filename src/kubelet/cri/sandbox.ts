/** Pod sandboxes: configuration, status and calls of CRI v1. */
import { bigint64, bool, int32, list, map, ref, string, struct, uint32, type Of } from "#machinery/schema";
import { LinuxContainerResources } from "./resources.ts";
import { LinuxSandboxSecurityContext, NamespaceOption } from "./security.ts";

export const Protocol = { TCP: 0, UDP: 1, SCTP: 2 } as const;

export const PodSandboxState = { ready: 0, notready: 1 } as const;

export const DNSConfig = struct("cri.v1.DNSConfig", {
  servers: list(1, string).always(),
  searches: list(2, string).always(),
  options: list(3, string).always(),
});
export interface DNSConfig extends Of<typeof DNSConfig> {}

export const PortMapping = struct("cri.v1.PortMapping", {
  protocol: int32(1).always(),
  containerPort: int32(2).always(),
  hostPort: int32(3).always(),
  hostIp: string(4).always(),
});
export interface PortMapping extends Of<typeof PortMapping> {}

export const LinuxPodSandboxConfig = struct("cri.v1.LinuxPodSandboxConfig", {
  cgroupParent: string(1).always(),
  securityContext: ref(2, LinuxSandboxSecurityContext),
  sysctls: map(3, string).always(),
  overhead: ref(4, LinuxContainerResources),
  resources: ref(5, LinuxContainerResources),
});
export interface LinuxPodSandboxConfig extends Of<typeof LinuxPodSandboxConfig> {}

export const PodSandboxMetadata = struct("cri.v1.PodSandboxMetadata", {
  name: string(1).always(),
  uid: string(2).always(),
  namespace: string(3).always(),
  attempt: uint32(4).always(),
});
export interface PodSandboxMetadata extends Of<typeof PodSandboxMetadata> {}

export const PodSandboxConfig = struct("cri.v1.PodSandboxConfig", {
  metadata: ref(1, PodSandboxMetadata),
  hostname: string(2).always(),
  logDirectory: string(3).always(),
  dnsConfig: ref(4, DNSConfig),
  portMappings: list(5, PortMapping).always(),
  labels: map(6, string).always(),
  annotations: map(7, string).always(),
  linux: ref(8, LinuxPodSandboxConfig),
});
export interface PodSandboxConfig extends Of<typeof PodSandboxConfig> {}

export const RunPodSandboxRequest = struct("cri.v1.RunPodSandboxRequest", {
  config: ref(1, PodSandboxConfig),
  runtimeHandler: string(2).always(),
});
export interface RunPodSandboxRequest extends Of<typeof RunPodSandboxRequest> {}

export const RunPodSandboxResponse = struct("cri.v1.RunPodSandboxResponse", {
  podSandboxId: string(1).always(),
});
export interface RunPodSandboxResponse extends Of<typeof RunPodSandboxResponse> {}

export const StopPodSandboxRequest = struct("cri.v1.StopPodSandboxRequest", {
  podSandboxId: string(1).always(),
});
export interface StopPodSandboxRequest extends Of<typeof StopPodSandboxRequest> {}

export const RemovePodSandboxRequest = struct("cri.v1.RemovePodSandboxRequest", {
  podSandboxId: string(1).always(),
});
export interface RemovePodSandboxRequest extends Of<typeof RemovePodSandboxRequest> {}

export const PodSandboxStatusRequest = struct("cri.v1.PodSandboxStatusRequest", {
  podSandboxId: string(1).always(),
  verbose: bool(2).always(),
});
export interface PodSandboxStatusRequest extends Of<typeof PodSandboxStatusRequest> {}

export const PodIP = struct("cri.v1.PodIP", {
  ip: string(1).always(),
});
export interface PodIP extends Of<typeof PodIP> {}

export const PodSandboxNetworkStatus = struct("cri.v1.PodSandboxNetworkStatus", {
  ip: string(1).always(),
  additionalIps: list(2, PodIP).always(),
});
export interface PodSandboxNetworkStatus extends Of<typeof PodSandboxNetworkStatus> {}

export const SandboxNamespaces = struct("cri.v1.Namespace", {
  options: ref(2, NamespaceOption),
});
export interface SandboxNamespaces extends Of<typeof SandboxNamespaces> {}

export const LinuxPodSandboxStatus = struct("cri.v1.LinuxPodSandboxStatus", {
  namespaces: ref(1, SandboxNamespaces),
});
export interface LinuxPodSandboxStatus extends Of<typeof LinuxPodSandboxStatus> {}

export const PodSandboxStatus = struct("cri.v1.PodSandboxStatus", {
  id: string(1).always(),
  metadata: ref(2, PodSandboxMetadata),
  state: int32(3).always(),
  createdAt: bigint64(4).always(),
  network: ref(5, PodSandboxNetworkStatus),
  linux: ref(6, LinuxPodSandboxStatus),
  labels: map(7, string).always(),
  annotations: map(8, string).always(),
  runtimeHandler: string(9).always(),
});
export interface PodSandboxStatus extends Of<typeof PodSandboxStatus> {}

export const PodSandboxStatusResponse = struct("cri.v1.PodSandboxStatusResponse", {
  status: ref(1, PodSandboxStatus),
  info: map(2, string).always(),
});
export interface PodSandboxStatusResponse extends Of<typeof PodSandboxStatusResponse> {}

export const PodSandboxStateValue = struct("cri.v1.PodSandboxStateValue", {
  state: int32(1).always(),
});
export interface PodSandboxStateValue extends Of<typeof PodSandboxStateValue> {}

export const PodSandboxFilter = struct("cri.v1.PodSandboxFilter", {
  id: string(1).always(),
  state: ref(2, PodSandboxStateValue),
  labelSelector: map(3, string).always(),
});
export interface PodSandboxFilter extends Of<typeof PodSandboxFilter> {}

export const ListPodSandboxRequest = struct("cri.v1.ListPodSandboxRequest", {
  filter: ref(1, PodSandboxFilter),
});
export interface ListPodSandboxRequest extends Of<typeof ListPodSandboxRequest> {}

export const PodSandboxSummary = struct("cri.v1.PodSandbox", {
  id: string(1).always(),
  metadata: ref(2, PodSandboxMetadata),
  state: int32(3).always(),
  createdAt: bigint64(4).always(),
  labels: map(5, string).always(),
  annotations: map(6, string).always(),
  runtimeHandler: string(7).always(),
});
export interface PodSandboxSummary extends Of<typeof PodSandboxSummary> {}

export const ListPodSandboxResponse = struct("cri.v1.ListPodSandboxResponse", {
  items: list(1, PodSandboxSummary).always(),
});
export interface ListPodSandboxResponse extends Of<typeof ListPodSandboxResponse> {}
