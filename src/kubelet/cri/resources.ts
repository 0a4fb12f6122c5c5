/** Resource limits, as CRI v1 has them. */
import { int64, list, map, ref, string, struct, uint64, type Of } from "#machinery/schema";

export const HugepageLimit = struct("cri.v1.HugepageLimit", {
  pageSize: string(1).always(),
  limit: uint64(2).always(),
});
export interface HugepageLimit extends Of<typeof HugepageLimit> {}

export const LinuxContainerResources = struct("cri.v1.LinuxContainerResources", {
  cpuPeriod: int64(1).always(),
  cpuQuota: int64(2).always(),
  cpuShares: int64(3).always(),
  memoryLimitInBytes: int64(4).always(),
  oomScoreAdj: int64(5).always(),
  cpusetCpus: string(6).always(),
  cpusetMems: string(7).always(),
  hugepageLimits: list(8, HugepageLimit).always(),
  unified: map(9, string).always(),
  memorySwapLimitInBytes: int64(10).always(),
});
export interface LinuxContainerResources extends Of<typeof LinuxContainerResources> {}

export const ContainerResources = struct("cri.v1.ContainerResources", {
  linux: ref(1, LinuxContainerResources),
});
export interface ContainerResources extends Of<typeof ContainerResources> {}

export const UpdateContainerResourcesRequest = struct("cri.v1.UpdateContainerResourcesRequest", {
  containerId: string(1).always(),
  linux: ref(2, LinuxContainerResources),
  annotations: map(4, string).always(),
});
export interface UpdateContainerResourcesRequest extends Of<typeof UpdateContainerResourcesRequest> {}
