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
  min: quantity(1).pointer().required().omitEmpty().doc("Least amount."),
  max: quantity(2).pointer().doc("Largest amount."),
  step: quantity(3).pointer().doc("Amounts grow in steps of this."),
});
export interface CapacityRequestPolicyRange extends Of<typeof CapacityRequestPolicyRange> {}

export const CapacityRequestPolicy = struct("resource.v1.CapacityRequestPolicy", {
  default: quantity(1).pointer().orNull().doc("What is taken where nothing is asked for."),
  validValues: list(3, quantity).atomic().doc("Amounts that can be asked for."),
  validRange: ref(4, CapacityRequestPolicyRange).doc("Range that can be asked for."),
});
export interface CapacityRequestPolicy extends Of<typeof CapacityRequestPolicy> {}

export const Counter = struct("resource.v1.Counter", {
  value: quantity(1).required().doc("How much."),
});
export interface Counter extends Of<typeof Counter> {}

export const CounterSet = struct("resource.v1.CounterSet", {
  name: string(1).required().format("dns-label").doc("Name of the set."),
  counters: map(2, Counter).required().omitEmpty().doc("Counters by name."),
});
export interface CounterSet extends Of<typeof CounterSet> {}

export const DeviceAttribute = struct("resource.v1.DeviceAttribute", {
  int: int64(2).pointer().doc("A whole number."),
  bool: bool(3).pointer().doc("True or false."),
  string: string(4).pointer().doc("A text."),
  version: string(5).pointer().doc("A version, such as 1.2.3."),
});
export interface DeviceAttribute extends Of<typeof DeviceAttribute> {}

export const DeviceCapacity = struct("resource.v1.DeviceCapacity", {
  value: quantity(1).required().doc("How much there is."),
  requestPolicy: ref(2, CapacityRequestPolicy)
    .gate("DRAConsumableCapacity")
    .doc("How much a claim can ask for."),
});
export interface DeviceCapacity extends Of<typeof DeviceCapacity> {}

export const DeviceCounterConsumption = struct("resource.v1.DeviceCounterConsumption", {
  counterSet: string(1).required().format("dns-label").doc("Name of the set."),
  counters: map(2, Counter).required().omitEmpty().doc("How much of each counter."),
});
export interface DeviceCounterConsumption extends Of<typeof DeviceCounterConsumption> {}

export const Device = struct("resource.v1.Device", {
  name: string(1).required().doc("Name of the device."),
  attributes: map(2, DeviceAttribute).doc("Attributes by name."),
  capacity: map(3, DeviceCapacity).doc("Capacities by name."),
  consumesCounters: list(4, DeviceCounterConsumption)
    .atomic()
    .maxItems(2)
    .gate("DRAPartitionableDevices")
    .doc("What the device takes from shared counters."),
  nodeName: string(5).pointer().gate("DRAPartitionableDevices").doc("Node that has the device."),
  nodeSelector: ref(6, NodeSelector).gate("DRAPartitionableDevices").doc("Nodes that reach the device."),
  allNodes: bool(7).pointer().gate("DRAPartitionableDevices").doc("All nodes reach the device."),
  taints: list(8, DeviceTaint).atomic().gate("DRADeviceTaints").doc("Taints of the device."),
  bindsToNode: bool(9)
    .pointer()
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("Using the device ties its claim to the node."),
  bindingConditions: list(10, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("Conditions that must be true before pods are bound."),
  bindingFailureConditions: list(11, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("Conditions that end the attempt when true."),
  allowMultipleAllocations: bool(12)
    .pointer()
    .gate("DRAConsumableCapacity")
    .doc("Several claims can share the device."),
});
export interface Device extends Of<typeof Device> {}

export const ResourcePool = struct("resource.v1.ResourcePool", {
  name: string(1).required().doc("Name of the pool."),
  generation: int64(2).required().doc("Slices of the highest generation count."),
  resourceSliceCount: int64(3).required().doc("How many slices the pool has in this generation."),
});
export interface ResourcePool extends Of<typeof ResourcePool> {}

export const ResourceSliceSpec = struct("resource.v1.ResourceSliceSpec", {
  driver: string(1).required().doc("Driver of the devices."),
  pool: value(2, ResourcePool).required().doc("Pool of the devices."),
  nodeName: string(3).pointer().doc("Node that has the devices."),
  nodeSelector: ref(4, NodeSelector).doc("Nodes that reach the devices."),
  allNodes: bool(5).pointer().doc("All nodes reach the devices."),
  devices: list(6, Device).atomic().doc("The devices."),
  perDeviceNodeSelection: bool(7)
    .pointer()
    .gate("DRAPartitionableDevices")
    .doc("Each device says which nodes reach it."),
  sharedCounters: list(8, CounterSet)
    .atomic()
    .maxItems(8)
    .gate("DRAPartitionableDevices")
    .doc("Sets of counters that devices take from."),
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
