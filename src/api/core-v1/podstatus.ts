import { ContainerStatus } from "#api/core-v1/containerstatus";
import { ResourceRequirements } from "#api/core-v1/resources";
import { int64, list, map, type Of, quantity, ref, string, struct, time } from "#machinery/schema";

export const ContainerExtendedResourceRequest = struct("core.v1.ContainerExtendedResourceRequest", {
  containerName: string(1).required().doc("Name of the container."),
  resourceName: string(2).required().doc("Extended resource that was asked for."),
  requestName: string(3).required().doc("Request in the claim."),
});
export interface ContainerExtendedResourceRequest extends Of<typeof ContainerExtendedResourceRequest> {}

export const HostIP = struct("core.v1.HostIP", {
  ip: string(1).required().doc("Address of the node."),
});
export interface HostIP extends Of<typeof HostIP> {}

export const PodCondition = struct("core.v1.PodCondition", {
  type: string(1).required().doc("What the condition is about."),
  observedGeneration: int64(7).doc("Generation of the object that this is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastProbeTime: time(3).orNull().doc("When it was last checked."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).doc("One word on why."),
  message: string(6).doc("The reason in plain words."),
});
export interface PodCondition extends Of<typeof PodCondition> {}

export const PodExtendedResourceClaimStatus = struct("core.v1.PodExtendedResourceClaimStatus", {
  requestMappings: list(1, ContainerExtendedResourceRequest)
    .required()
    .atomic()
    .doc("Which container's resource goes to which request."),
  resourceClaimName: string(2).required().doc("Claim that was made for the pod."),
});
export interface PodExtendedResourceClaimStatus extends Of<typeof PodExtendedResourceClaimStatus> {}

export const PodIP = struct("core.v1.PodIP", {
  ip: string(1).required().doc("Address of the pod."),
});
export interface PodIP extends Of<typeof PodIP> {}

export const PodResourceClaimStatus = struct("core.v1.PodResourceClaimStatus", {
  name: string(1).required().doc("Name of the claim within the pod."),
  resourceClaimName: string(2).pointer().doc("Claim that was made for the pod."),
});
export interface PodResourceClaimStatus extends Of<typeof PodResourceClaimStatus> {}

export const PodStatus = struct("core.v1.PodStatus", {
  observedGeneration: int64(17).doc("Generation of the object that this is about."),
  phase: string(1)
    .oneOf("Pending", "Running", "Succeeded", "Failed", "Unknown")
    .doc("Where the pod is in its life."),
  conditions: list(2, PodCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
  message: string(3).doc("More about it in plain words."),
  reason: string(4).doc("One word on why."),
  nominatedNodeName: string(11).doc("Node that is being cleared for it."),
  hostIP: string(5).doc("Address of its node."),
  hostIPs: list(16, HostIP).atomic().patch("merge", "ip").doc("Addresses of its node, one per family."),
  podIP: string(6).doc("Its address."),
  podIPs: list(12, PodIP).mergedBy("ip").doc("Its addresses, one per family."),
  startTime: time(7).pointer().doc("When the kubelet took note of it."),
  initContainerStatuses: list(10, ContainerStatus).atomic().doc("State of each init container."),
  containerStatuses: list(8, ContainerStatus).atomic().doc("State of each container."),
  qosClass: string(9)
    .oneOf("Guaranteed", "Burstable", "BestEffort")
    .doc("How dearly the node holds on to it."),
  ephemeralContainerStatuses: list(13, ContainerStatus).atomic().doc("State of each ephemeral container."),
  resize: string(14).doc("How a change of its resources goes; conditions say it now."),
  resourceClaimStatuses: list(15, PodResourceClaimStatus)
    .mergedBy("name")
    .patch("retainKeys")
    .doc("Claims that were made for its resourceClaims."),
  extendedResourceClaimStatus: ref(18, PodExtendedResourceClaimStatus)
    .gate("DRAExtendedResource")
    .doc("Claim that was made for extended resources."),
  allocatedResources: map(19, quantity)
    .gate("InPlacePodLevelResourcesVerticalScaling")
    .doc("What the node set aside for the pod."),
  resources: ref(20, ResourceRequirements)
    .gate("InPlacePodLevelResourcesVerticalScaling")
    .doc("Requests and limits that are in force for the pod."),
});
export interface PodStatus extends Of<typeof PodStatus> {}
