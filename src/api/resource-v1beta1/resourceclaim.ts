import { unchanged } from "#api/checks";
import { ageColumn, nameColumn, text } from "#api/columns";
import { NodeSelector } from "#api/core-v1/affinity";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceConfiguration, DeviceToleration, ResourceClaimSpec } from "#api/resource-v1beta1/device";
import {
  bool,
  inline,
  json,
  list,
  map,
  type Of,
  quantity,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const NetworkDeviceData = struct("resource.v1beta1.NetworkDeviceData", {
  interfaceName: string(1).maxLength(256),
  ips: list(2, string).atomic().maxItems(16),
  hardwareAddress: string(3).maxLength(128),
});
export interface NetworkDeviceData extends Of<typeof NetworkDeviceData> {}

export const AllocatedDeviceStatus = struct("resource.v1beta1.AllocatedDeviceStatus", {
  driver: string(1).required(),
  pool: string(2).required(),
  device: string(3).required(),
  shareID: string(7).pointer().format("uuid").gate("DRAConsumableCapacity"),
  conditions: list(4, Condition)
    .always()
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
  data: json(5).pointer(),
  networkData: ref(6, NetworkDeviceData),
});
export interface AllocatedDeviceStatus extends Of<typeof AllocatedDeviceStatus> {}

export const DeviceRequestAllocationResult = struct("resource.v1beta1.DeviceRequestAllocationResult", {
  request: string(1).required(),
  driver: string(2).required().format("dns-subdomain-caseless"),
  pool: string(3).required().format("resource-pool-name"),
  device: string(4).required(),
  adminAccess: bool(5).pointer().gate("DRAAdminAccess"),
  tolerations: list(6, DeviceToleration).atomic().maxItems(16).gate("DRADeviceTaints"),
  bindingConditions: list(7, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
  bindingFailureConditions: list(8, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
  shareID: string(9).pointer().format("uuid").gate("DRAConsumableCapacity"),
  consumedCapacity: map(10, quantity).gate("DRAConsumableCapacity"),
});
export interface DeviceRequestAllocationResult extends Of<typeof DeviceRequestAllocationResult> {}

export const DeviceAllocationConfiguration = struct("resource.v1beta1.DeviceAllocationConfiguration", {
  source: string(1).oneOf("FromClass", "FromClaim").required(),
  requests: list(2, string).atomic().maxItems(32),
  deviceConfiguration: inline(3, DeviceConfiguration),
});
export interface DeviceAllocationConfiguration extends Of<typeof DeviceAllocationConfiguration> {}

export const DeviceAllocationResult = struct("resource.v1beta1.DeviceAllocationResult", {
  results: list(1, DeviceRequestAllocationResult).atomic().maxItems(32),
  config: list(2, DeviceAllocationConfiguration).atomic().maxItems(64),
});
export interface DeviceAllocationResult extends Of<typeof DeviceAllocationResult> {}

export const AllocationResult = struct("resource.v1beta1.AllocationResult", {
  devices: value(1, DeviceAllocationResult),
  nodeSelector: ref(3, NodeSelector),
  allocationTimestamp: time(5).pointer().gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
});
export interface AllocationResult extends Of<typeof AllocationResult> {}

export const ResourceClaimConsumerReference = struct("resource.v1beta1.ResourceClaimConsumerReference", {
  apiGroup: string(1),
  resource: string(3).required(),
  name: string(4).required(),
  uid: string(5).required().doc("The object's uid."),
});
export interface ResourceClaimConsumerReference extends Of<typeof ResourceClaimConsumerReference> {}

export const ResourceClaimStatus = struct("resource.v1beta1.ResourceClaimStatus", {
  allocation: ref(1, AllocationResult).immutable(),
  reservedFor: list(2, ResourceClaimConsumerReference).mergedBy("uid").maxItems(256),
  devices: list(4, AllocatedDeviceStatus)
    .keyedBy("driver", "device", "pool", "shareID")
    .gate("DRAResourceClaimDeviceStatus"),
});
export interface ResourceClaimStatus extends Of<typeof ResourceClaimStatus> {}

export const ResourceClaim = resource({
  apiVersion: "resource.k8s.io/v1beta1",
  kind: "ResourceClaim",
  doc: "A request for devices, and the hold on what it got.",
  plural: "resourceclaims",
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceClaimSpec,
  specRequired: true,
  status: ResourceClaimStatus,
  counted: false,
  storedAs: "resource.k8s.io/v1/ResourceClaim",
  servedByDefault: false,

  columns: [
    nameColumn,
    text("State", ({ metadata, status }) =>
      [
        metadata.deletionTimestamp && "deleted",
        status.allocation ? "allocated" : !metadata.deletionTimestamp && "pending",
        (status.reservedFor ?? []).length > 0 && "reserved",
      ]
        .filter(Boolean)
        .join(","),
    ),
    ageColumn,
  ],

  rules: {
    validateUpdate: ({ spec }, old) => unchanged("spec", spec, old.spec),
  },
});
export interface ResourceClaim extends Of<typeof ResourceClaim> {}
