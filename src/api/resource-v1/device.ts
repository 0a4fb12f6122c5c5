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
  expression: string(1).required(),
});
export interface CELDeviceSelector extends Of<typeof CELDeviceSelector> {}

export const CapacityRequirements = struct("resource.v1.CapacityRequirements", {
  requests: map(1, quantity),
});
export interface CapacityRequirements extends Of<typeof CapacityRequirements> {}

export const DeviceSelector = struct("resource.v1.DeviceSelector", {
  cel: ref(1, CELDeviceSelector),
});
export interface DeviceSelector extends Of<typeof DeviceSelector> {}

export const DeviceToleration = struct("resource.v1.DeviceToleration", {
  key: string(1).format("qualified-name"),
  operator: string(2).oneOf("Exists", "Equal").default("Equal"),
  value: string(3),
  effect: string(4).oneOf("None", "NoSchedule", "NoExecute"),
  tolerationSeconds: int64(5).pointer(),
});
export interface DeviceToleration extends Of<typeof DeviceToleration> {}

export const ExactDeviceRequest = struct("resource.v1.ExactDeviceRequest", {
  deviceClassName: string(1).required(),
  selectors: list(2, DeviceSelector).atomic().maxItems(32),
  allocationMode: string(3).default("ExactCount"),
  count: int64(4),
  adminAccess: bool(5).pointer().gate("DRAAdminAccess"),
  tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints"),
  capacity: ref(7, CapacityRequirements).gate("DRAConsumableCapacity"),
});
export interface ExactDeviceRequest extends Of<typeof ExactDeviceRequest> {}

export const DeviceSubRequest = struct("resource.v1.DeviceSubRequest", {
  name: string(1).required(),
  deviceClassName: string(2).required().format("dns-subdomain"),
  selectors: list(3, DeviceSelector).atomic().maxItems(32),
  allocationMode: string(4).default("ExactCount"),
  count: int64(5),
  tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints"),
  capacity: ref(7, CapacityRequirements).gate("DRAConsumableCapacity"),
});
export interface DeviceSubRequest extends Of<typeof DeviceSubRequest> {}

export const DeviceRequest = struct("resource.v1.DeviceRequest", {
  name: string(1).required(),
  exactly: ref(2, ExactDeviceRequest),
  firstAvailable: list(3, DeviceSubRequest).atomic().maxItems(8).gate("DRAPrioritizedList"),
});
export interface DeviceRequest extends Of<typeof DeviceRequest> {}

export const DeviceConstraint = struct("resource.v1.DeviceConstraint", {
  requests: list(1, string).atomic().maxItems(32),
  matchAttribute: string(2).pointer().format("resource-fully-qualified-name"),
  distinctAttribute: string(3).pointer().gate("DRAConsumableCapacity"),
});
export interface DeviceConstraint extends Of<typeof DeviceConstraint> {}

export const OpaqueDeviceConfiguration = struct("resource.v1.OpaqueDeviceConfiguration", {
  driver: string(1).required().format("dns-subdomain-caseless"),
  parameters: json(2).required(),
});
export interface OpaqueDeviceConfiguration extends Of<typeof OpaqueDeviceConfiguration> {}

export const DeviceConfiguration = struct("resource.v1.DeviceConfiguration", {
  opaque: ref(1, OpaqueDeviceConfiguration),
});
export interface DeviceConfiguration extends Of<typeof DeviceConfiguration> {}

export const DeviceClaimConfiguration = struct("resource.v1.DeviceClaimConfiguration", {
  requests: list(1, string).atomic().maxItems(32),
  deviceConfiguration: inline(2, DeviceConfiguration),
});
export interface DeviceClaimConfiguration extends Of<typeof DeviceClaimConfiguration> {}

export const DeviceClaim = struct("resource.v1.DeviceClaim", {
  requests: list(1, DeviceRequest).always().atomic().maxItems(32),
  constraints: list(2, DeviceConstraint).atomic().maxItems(32),
  config: list(3, DeviceClaimConfiguration).atomic().maxItems(32),
});
export interface DeviceClaim extends Of<typeof DeviceClaim> {}

export const ResourceClaimSpec = struct("resource.v1.ResourceClaimSpec", {
  devices: value(1, DeviceClaim),
});
export interface ResourceClaimSpec extends Of<typeof ResourceClaimSpec> {}
