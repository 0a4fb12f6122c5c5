/** What sandboxes and containers use. */
import { bigint64, list, map, ref, string, struct, type Of } from "#machinery/schema";
import { ContainerMetadata } from "./container.ts";
import { FilesystemUsage, UInt64Value } from "./image.ts";
import { PodSandboxMetadata } from "./sandbox.ts";

export const CpuUsage = struct("cri.v1.CpuUsage", {
  timestamp: bigint64(1).always(),
  usageCoreNanoSeconds: ref(2, UInt64Value),
  usageNanoCores: ref(3, UInt64Value),
});
export interface CpuUsage extends Of<typeof CpuUsage> {}

export const MemoryUsage = struct("cri.v1.MemoryUsage", {
  timestamp: bigint64(1).always(),
  workingSetBytes: ref(2, UInt64Value),
  availableBytes: ref(3, UInt64Value),
  usageBytes: ref(4, UInt64Value),
  rssBytes: ref(5, UInt64Value),
  pageFaults: ref(6, UInt64Value),
  majorPageFaults: ref(7, UInt64Value),
});
export interface MemoryUsage extends Of<typeof MemoryUsage> {}

export const ContainerAttributes = struct("cri.v1.ContainerAttributes", {
  id: string(1).always(),
  metadata: ref(2, ContainerMetadata),
  labels: map(3, string).always(),
  annotations: map(4, string).always(),
});
export interface ContainerAttributes extends Of<typeof ContainerAttributes> {}

export const ContainerStats = struct("cri.v1.ContainerStats", {
  attributes: ref(1, ContainerAttributes),
  cpu: ref(2, CpuUsage),
  memory: ref(3, MemoryUsage),
  writableLayer: ref(4, FilesystemUsage),
});
export interface ContainerStats extends Of<typeof ContainerStats> {}

export const ContainerStatsFilter = struct("cri.v1.ContainerStatsFilter", {
  id: string(1).always(),
  podSandboxId: string(2).always(),
  labelSelector: map(3, string).always(),
});
export interface ContainerStatsFilter extends Of<typeof ContainerStatsFilter> {}

export const ListContainerStatsRequest = struct("cri.v1.ListContainerStatsRequest", {
  filter: ref(1, ContainerStatsFilter),
});
export interface ListContainerStatsRequest extends Of<typeof ListContainerStatsRequest> {}

export const ListContainerStatsResponse = struct("cri.v1.ListContainerStatsResponse", {
  stats: list(1, ContainerStats).always(),
});
export interface ListContainerStatsResponse extends Of<typeof ListContainerStatsResponse> {}

export const NetworkInterfaceUsage = struct("cri.v1.NetworkInterfaceUsage", {
  name: string(1).always(),
  rxBytes: ref(2, UInt64Value),
  rxErrors: ref(3, UInt64Value),
  txBytes: ref(4, UInt64Value),
  txErrors: ref(5, UInt64Value),
});
export interface NetworkInterfaceUsage extends Of<typeof NetworkInterfaceUsage> {}

export const NetworkUsage = struct("cri.v1.NetworkUsage", {
  timestamp: bigint64(1).always(),
  defaultInterface: ref(2, NetworkInterfaceUsage),
  interfaces: list(3, NetworkInterfaceUsage).always(),
});
export interface NetworkUsage extends Of<typeof NetworkUsage> {}

export const ProcessUsage = struct("cri.v1.ProcessUsage", {
  timestamp: bigint64(1).always(),
  processCount: ref(2, UInt64Value),
});
export interface ProcessUsage extends Of<typeof ProcessUsage> {}

export const LinuxPodSandboxStats = struct("cri.v1.LinuxPodSandboxStats", {
  cpu: ref(1, CpuUsage),
  memory: ref(2, MemoryUsage),
  network: ref(3, NetworkUsage),
  process: ref(4, ProcessUsage),
});
export interface LinuxPodSandboxStats extends Of<typeof LinuxPodSandboxStats> {}

export const PodSandboxAttributes = struct("cri.v1.PodSandboxAttributes", {
  id: string(1).always(),
  metadata: ref(2, PodSandboxMetadata),
  labels: map(3, string).always(),
  annotations: map(4, string).always(),
});
export interface PodSandboxAttributes extends Of<typeof PodSandboxAttributes> {}

export const PodSandboxStats = struct("cri.v1.PodSandboxStats", {
  attributes: ref(1, PodSandboxAttributes),
  linux: ref(2, LinuxPodSandboxStats),
});
export interface PodSandboxStats extends Of<typeof PodSandboxStats> {}

export const PodSandboxStatsFilter = struct("cri.v1.PodSandboxStatsFilter", {
  id: string(1).always(),
  labelSelector: map(2, string).always(),
});
export interface PodSandboxStatsFilter extends Of<typeof PodSandboxStatsFilter> {}

export const ListPodSandboxStatsRequest = struct("cri.v1.ListPodSandboxStatsRequest", {
  filter: ref(1, PodSandboxStatsFilter),
});
export interface ListPodSandboxStatsRequest extends Of<typeof ListPodSandboxStatsRequest> {}

export const ListPodSandboxStatsResponse = struct("cri.v1.ListPodSandboxStatsResponse", {
  stats: list(1, PodSandboxStats).always(),
});
export interface ListPodSandboxStatsResponse extends Of<typeof ListPodSandboxStatsResponse> {}
