import { ContainerStatus } from "#api/core-v1/containerstatus";
import { ResourceRequirements } from "#api/core-v1/resources";
import { int64, list, map, type Of, quantity, ref, string, struct, time } from "#machinery/schema";

export const ContainerExtendedResourceRequest = struct("core.v1.ContainerExtendedResourceRequest", {
  containerName: string(1).required(),
  resourceName: string(2).required(),
  requestName: string(3).required(),
});
export interface ContainerExtendedResourceRequest extends Of<typeof ContainerExtendedResourceRequest> {}

export const HostIP = struct("core.v1.HostIP", {
  ip: string(1).required(),
});
export interface HostIP extends Of<typeof HostIP> {}

export const PodCondition = struct("core.v1.PodCondition", {
  type: string(1).required(),
  observedGeneration: int64(7),
  status: string(2).required(),
  lastProbeTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
});
export interface PodCondition extends Of<typeof PodCondition> {}

export const PodExtendedResourceClaimStatus = struct("core.v1.PodExtendedResourceClaimStatus", {
  requestMappings: list(1, ContainerExtendedResourceRequest).required().atomic(),
  resourceClaimName: string(2).required(),
});
export interface PodExtendedResourceClaimStatus extends Of<typeof PodExtendedResourceClaimStatus> {}

export const PodIP = struct("core.v1.PodIP", {
  ip: string(1).required(),
});
export interface PodIP extends Of<typeof PodIP> {}

export const PodResourceClaimStatus = struct("core.v1.PodResourceClaimStatus", {
  name: string(1).required(),
  resourceClaimName: string(2).pointer(),
});
export interface PodResourceClaimStatus extends Of<typeof PodResourceClaimStatus> {}

export const PodStatus = struct("core.v1.PodStatus", {
  observedGeneration: int64(17),
  phase: string(1).oneOf("Pending", "Running", "Succeeded", "Failed", "Unknown"),
  conditions: list(2, PodCondition).mergedBy("type"),
  message: string(3),
  reason: string(4),
  nominatedNodeName: string(11),
  hostIP: string(5),
  hostIPs: list(16, HostIP).atomic().patch("merge", "ip"),
  podIP: string(6),
  podIPs: list(12, PodIP).mergedBy("ip"),
  startTime: time(7).pointer(),
  initContainerStatuses: list(10, ContainerStatus).atomic(),
  containerStatuses: list(8, ContainerStatus).atomic(),
  qosClass: string(9).oneOf("Guaranteed", "Burstable", "BestEffort"),
  ephemeralContainerStatuses: list(13, ContainerStatus).atomic(),
  resize: string(14),
  resourceClaimStatuses: list(15, PodResourceClaimStatus).mergedBy("name").patch("retainKeys"),
  extendedResourceClaimStatus: ref(18, PodExtendedResourceClaimStatus).gate("DRAExtendedResource"),
  allocatedResources: map(19, quantity).gate("InPlacePodLevelResourcesVerticalScaling"),
  resources: ref(20, ResourceRequirements).gate("InPlacePodLevelResourcesVerticalScaling"),
});
export interface PodStatus extends Of<typeof PodStatus> {}
