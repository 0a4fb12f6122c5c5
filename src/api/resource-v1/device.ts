import {
  bool,
  inline,
  int64,
  json,
  list,
  map,
  type Of,
  quantity,
  ref,
  string,
  struct,
  value,
} from "#machinery/schema";

export const CELDeviceSelector = struct("resource.v1.CELDeviceSelector", {
  expression: string(1).required().doc("Is true for devices that count."),
});
export interface CELDeviceSelector extends Of<typeof CELDeviceSelector> {}

export const CapacityRequirements = struct("resource.v1.CapacityRequirements", {
  requests: map(1, quantity).doc("Least capacity by name."),
});
export interface CapacityRequirements extends Of<typeof CapacityRequirements> {}

export const DeviceSelector = struct("resource.v1.DeviceSelector", {
  cel: ref(1, CELDeviceSelector).doc("By a CEL expression."),
});
export interface DeviceSelector extends Of<typeof DeviceSelector> {}

export const DeviceToleration = struct("resource.v1.DeviceToleration", {
  key: string(1).format("qualified-name").doc("Key of the taint; empty for all."),
  operator: string(2).oneOf("Exists", "Equal").default("Equal").doc("Exists or Equal."),
  value: string(3).doc("Value of the taint, for Equal."),
  effect: string(4).oneOf("None", "NoSchedule", "NoExecute").doc("NoSchedule or NoExecute; empty for both."),
  tolerationSeconds: int64(5).pointer().doc("How long NoExecute is borne, in seconds."),
});
export interface DeviceToleration extends Of<typeof DeviceToleration> {}

export const ExactDeviceRequest = struct("resource.v1.ExactDeviceRequest", {
  deviceClassName: string(1).required().doc("Class of the devices."),
  selectors: list(2, DeviceSelector).atomic().maxItems(32).doc("Devices fulfil all of them."),
  allocationMode: string(3).default("ExactCount").doc("ExactCount or All."),
  count: int64(4).doc("How many devices."),
  adminAccess: bool(5)
    .pointer()
    .gate("DRAAdminAccess")
    .doc("Devices that others use too, for their administration."),
  tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints").doc("Taints that are borne."),
  capacity: ref(7, CapacityRequirements)
    .gate("DRAConsumableCapacity")
    .doc("Capacity that is wanted of the devices."),
});
export interface ExactDeviceRequest extends Of<typeof ExactDeviceRequest> {}

export const DeviceSubRequest = struct("resource.v1.DeviceSubRequest", {
  name: string(1).required().doc("Name of this choice."),
  deviceClassName: string(2).required().format("dns-subdomain").doc("Class of the devices."),
  selectors: list(3, DeviceSelector).atomic().maxItems(32).doc("Devices fulfil all of them."),
  allocationMode: string(4).default("ExactCount").doc("ExactCount or All."),
  count: int64(5).doc("How many devices."),
  tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints").doc("Taints that are borne."),
  capacity: ref(7, CapacityRequirements)
    .gate("DRAConsumableCapacity")
    .doc("Capacity that is wanted of the devices."),
});
export interface DeviceSubRequest extends Of<typeof DeviceSubRequest> {}

export const DeviceRequest = struct("resource.v1.DeviceRequest", {
  name: string(1).required().doc("Name of the request."),
  exactly: ref(2, ExactDeviceRequest).doc("One thing that is wanted."),
  firstAvailable: list(3, DeviceSubRequest)
    .atomic()
    .maxItems(8)
    .gate("DRAPrioritizedList")
    .doc("Several things, the first that can be had."),
});
export interface DeviceRequest extends Of<typeof DeviceRequest> {}

export const DeviceConstraint = struct("resource.v1.DeviceConstraint", {
  requests: list(1, string).atomic().maxItems(32).doc("Requests that it is for; empty for all."),
  matchAttribute: string(2)
    .pointer()
    .format("resource-fully-qualified-name")
    .doc("Attribute that is the same in all devices."),
  distinctAttribute: string(3)
    .pointer()
    .gate("DRAConsumableCapacity")
    .doc("Attribute that is another in each device."),
});
export interface DeviceConstraint extends Of<typeof DeviceConstraint> {}

export const OpaqueDeviceConfiguration = struct("resource.v1.OpaqueDeviceConfiguration", {
  driver: string(1).required().format("dns-subdomain-caseless").doc("Driver that they are for."),
  parameters: json(2).required().doc("The settings."),
});
export interface OpaqueDeviceConfiguration extends Of<typeof OpaqueDeviceConfiguration> {}

export const DeviceConfiguration = struct("resource.v1.DeviceConfiguration", {
  opaque: ref(1, OpaqueDeviceConfiguration).doc("Settings that only the driver understands."),
});
export interface DeviceConfiguration extends Of<typeof DeviceConfiguration> {}

export const DeviceClaimConfiguration = struct("resource.v1.DeviceClaimConfiguration", {
  requests: list(1, string).atomic().maxItems(32).doc("Requests that it is for; empty for all."),
  deviceConfiguration: inline(2, DeviceConfiguration),
});
export interface DeviceClaimConfiguration extends Of<typeof DeviceClaimConfiguration> {}

export const DeviceClaim = struct("resource.v1.DeviceClaim", {
  requests: list(1, DeviceRequest).always().atomic().maxItems(32).doc("Devices, request by request."),
  constraints: list(2, DeviceConstraint).atomic().maxItems(32).doc("What the devices must have in common."),
  config: list(3, DeviceClaimConfiguration).atomic().maxItems(32).doc("Settings for their drivers."),
});
export interface DeviceClaim extends Of<typeof DeviceClaim> {}

export const ResourceClaimSpec = struct("resource.v1.ResourceClaimSpec", {
  devices: value(1, DeviceClaim).doc("Devices that are wanted."),
});
export interface ResourceClaimSpec extends Of<typeof ResourceClaimSpec> {}
