import { ageColumn, nameColumn, text } from "#api/columns";
import { NodeSelector } from "#api/core-v1/affinity";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceTaint } from "#api/resource-v1/devicetaint";
import {
  bool,
  int64,
  list,
  map,
  type Of,
  quantity,
  ref,
  resource,
  string,
  struct,
  value,
} from "#machinery/schema";

export const CapacityRequestPolicyRange = struct("resource.v1.CapacityRequestPolicyRange", {
  min: quantity(1).pointer().required().omitEmpty(),
  max: quantity(2).pointer(),
  step: quantity(3).pointer(),
});
export interface CapacityRequestPolicyRange extends Of<typeof CapacityRequestPolicyRange> {}

export const CapacityRequestPolicy = struct("resource.v1.CapacityRequestPolicy", {
  default: quantity(1).pointer().orNull(),
  validValues: list(3, quantity).atomic(),
  validRange: ref(4, CapacityRequestPolicyRange),
});
export interface CapacityRequestPolicy extends Of<typeof CapacityRequestPolicy> {}

export const Counter = struct("resource.v1.Counter", {
  value: quantity(1).required(),
});
export interface Counter extends Of<typeof Counter> {}

export const CounterSet = struct("resource.v1.CounterSet", {
  name: string(1).required().format("dns-label"),
  counters: map(2, Counter).required().omitEmpty(),
});
export interface CounterSet extends Of<typeof CounterSet> {}

export const DeviceAttribute = struct("resource.v1.DeviceAttribute", {
  int: int64(2).pointer(),
  bool: bool(3).pointer(),
  string: string(4).pointer(),
  version: string(5).pointer(),
});
export interface DeviceAttribute extends Of<typeof DeviceAttribute> {}

export const DeviceCapacity = struct("resource.v1.DeviceCapacity", {
  value: quantity(1).required(),
  requestPolicy: ref(2, CapacityRequestPolicy).gate("DRAConsumableCapacity"),
});
export interface DeviceCapacity extends Of<typeof DeviceCapacity> {}

export const DeviceCounterConsumption = struct("resource.v1.DeviceCounterConsumption", {
  counterSet: string(1).required().format("dns-label"),
  counters: map(2, Counter).required().omitEmpty(),
});
export interface DeviceCounterConsumption extends Of<typeof DeviceCounterConsumption> {}

export const Device = struct("resource.v1.Device", {
  name: string(1).required(),
  attributes: map(2, DeviceAttribute),
  capacity: map(3, DeviceCapacity),
  consumesCounters: list(4, DeviceCounterConsumption).atomic().maxItems(2).gate("DRAPartitionableDevices"),
  nodeName: string(5).pointer().gate("DRAPartitionableDevices"),
  nodeSelector: ref(6, NodeSelector).gate("DRAPartitionableDevices"),
  allNodes: bool(7).pointer().gate("DRAPartitionableDevices"),
  taints: list(8, DeviceTaint).atomic().gate("DRADeviceTaints"),
  bindsToNode: bool(9).pointer().gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
  bindingConditions: list(10, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
  bindingFailureConditions: list(11, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"),
  allowMultipleAllocations: bool(12).pointer().gate("DRAConsumableCapacity"),
});
export interface Device extends Of<typeof Device> {}

export const ResourcePool = struct("resource.v1.ResourcePool", {
  name: string(1).required(),
  generation: int64(2).required(),
  resourceSliceCount: int64(3).required(),
});
export interface ResourcePool extends Of<typeof ResourcePool> {}

export const ResourceSliceSpec = struct("resource.v1.ResourceSliceSpec", {
  driver: string(1).required(),
  pool: value(2, ResourcePool).required(),
  nodeName: string(3).pointer(),
  nodeSelector: ref(4, NodeSelector),
  allNodes: bool(5).pointer(),
  devices: list(6, Device).atomic(),
  perDeviceNodeSelection: bool(7).pointer().gate("DRAPartitionableDevices"),
  sharedCounters: list(8, CounterSet).atomic().maxItems(8).gate("DRAPartitionableDevices"),
});
export interface ResourceSliceSpec extends Of<typeof ResourceSliceSpec> {}

export const ResourceSlice = resource({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceSlice",
  doc: "Devices that a driver offers.",
  plural: "resourceslices",
  namespaced: false,
  metadata: ObjectMeta,
  spec: ResourceSliceSpec,
  specRequired: true,
  counted: true,

  columns: [
    nameColumn,
    text("Node", ({ spec }) => spec.nodeName ?? ""),
    text("Driver", ({ spec }) => spec.driver),
    text("Pool", ({ spec }) => spec.pool.name),
    ageColumn,
  ],

  fieldSelectors: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.driver": ({ spec }) => spec.driver,
  },
});
export interface ResourceSlice extends Of<typeof ResourceSlice> {}
