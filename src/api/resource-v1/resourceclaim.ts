import { unchanged } from "#api/checks";
import { ageColumn, nameColumn, text } from "#api/columns";
import { NodeSelector } from "#api/core-v1/affinity";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  DeviceConfiguration,
  DeviceToleration,
  ResourceClaimSpec,
  withCounts,
} from "#api/resource-v1/device";
import { parseCidr } from "#base/ip";
import {
  bool,
  type FieldProblem,
  forbidden,
  inline,
  invalid,
  item,
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

export const NetworkDeviceData = struct("resource.v1.NetworkDeviceData", {
  interfaceName: string(1).maxLength(256).doc("Name of the interface in the pod."),
  ips: list(2, string).atomic().maxItems(16).doc("Addresses, with the length of their prefix."),
  hardwareAddress: string(3).maxLength(128).doc("Hardware address."),
});
export interface NetworkDeviceData extends Of<typeof NetworkDeviceData> {}

export const AllocatedDeviceStatus = struct("resource.v1.AllocatedDeviceStatus", {
  driver: string(1).required().doc("Driver of the device."),
  pool: string(2).required().doc("Pool of the device."),
  device: string(3).required().doc("Name of the device."),
  shareID: string(7)
    .pointer()
    .format("uuid")
    .gate("DRAConsumableCapacity")
    .doc("Identity of the share of the device."),
  conditions: list(4, Condition)
    .always()
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
  data: json(5).pointer().doc("What the driver says, in its own form."),
  networkData: ref(6, NetworkDeviceData).doc("Network settings of the device."),
});
export interface AllocatedDeviceStatus extends Of<typeof AllocatedDeviceStatus> {}

export const DeviceRequestAllocationResult = struct("resource.v1.DeviceRequestAllocationResult", {
  request: string(1).required().doc("Request that the device is for."),
  driver: string(2).required().format("dns-subdomain-caseless").doc("Driver of the device."),
  pool: string(3).required().format("resource-pool-name").doc("Pool of the device."),
  device: string(4).required().doc("Name of the device."),
  adminAccess: bool(5).pointer().gate("DRAAdminAccess").doc("The device is for administration."),
  tolerations: list(6, DeviceToleration)
    .atomic()
    .gate("DRADeviceTaints")
    .doc("Taints that the request bears."),
  bindingConditions: list(7, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("Conditions that must be true before pods are bound."),
  bindingFailureConditions: list(8, string)
    .atomic()
    .maxItems(4)
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("Conditions that end the attempt when true."),
  shareID: string(9)
    .pointer()
    .format("uuid")
    .gate("DRAConsumableCapacity")
    .doc("Identity of this share of the device."),
  consumedCapacity: map(10, quantity).gate("DRAConsumableCapacity").doc("Capacity that this share takes."),
});
export interface DeviceRequestAllocationResult extends Of<typeof DeviceRequestAllocationResult> {}

export const DeviceAllocationConfiguration = struct("resource.v1.DeviceAllocationConfiguration", {
  source: string(1).oneOf("FromClass", "FromClaim").required().doc("FromClass or FromClaim."),
  requests: list(2, string).atomic().maxItems(32).doc("Requests that it is for; empty for all."),
  deviceConfiguration: inline(3, DeviceConfiguration),
});
export interface DeviceAllocationConfiguration extends Of<typeof DeviceAllocationConfiguration> {}

export const DeviceAllocationResult = struct("resource.v1.DeviceAllocationResult", {
  results: list(1, DeviceRequestAllocationResult).atomic().maxItems(32).doc("Devices, request by request."),
  config: list(2, DeviceAllocationConfiguration).atomic().maxItems(64).doc("Settings for their drivers."),
});
export interface DeviceAllocationResult extends Of<typeof DeviceAllocationResult> {}

export const AllocationResult = struct("resource.v1.AllocationResult", {
  devices: value(1, DeviceAllocationResult).doc("The devices."),
  nodeSelector: ref(3, NodeSelector).doc("Nodes that reach them."),
  allocationTimestamp: time(5)
    .pointer()
    .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
    .doc("When they were given."),
});
export interface AllocationResult extends Of<typeof AllocationResult> {}

export const ResourceClaimConsumerReference = struct("resource.v1.ResourceClaimConsumerReference", {
  apiGroup: string(1).doc("Group of the object; empty for the core group."),
  resource: string(3).required().doc("Resource of the object, such as pods."),
  name: string(4).required().doc("Name of the object."),
  uid: string(5).required().doc("The object's uid."),
});
export interface ResourceClaimConsumerReference extends Of<typeof ResourceClaimConsumerReference> {}

export const ResourceClaimStatus = struct("resource.v1.ResourceClaimStatus", {
  allocation: ref(1, AllocationResult).immutable().doc("What the claim was given."),
  reservedFor: list(2, ResourceClaimConsumerReference)
    .mergedBy("uid")
    .maxItems(256)
    .doc("Who uses the claim."),
  devices: list(4, AllocatedDeviceStatus)
    .keyedBy("driver", "device", "pool", "shareID")
    .gate("DRAResourceClaimDeviceStatus")
    .doc("What drivers say of the devices."),
});
export interface ResourceClaimStatus extends Of<typeof ResourceClaimStatus> {}

export const ResourceClaim = resource({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceClaim",
  doc: "A request for devices, and the hold on what it got.",
  plural: "resourceclaims",
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceClaimSpec,
  specRequired: true,
  status: ResourceClaimStatus,
  counted: false,

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
    defaults: (claim) => ({ ...claim, spec: withCounts(claim.spec) }),
    validateStatusUpdate: ({ spec, status }) => problemsOfStatus(status, spec),
    validateUpdate: ({ spec }, old) => unchanged("spec", spec, old.spec),
  },
});

function* problemsOfStatus(
  { allocation, reservedFor = [], devices = [] }: ResourceClaimStatus,
  spec: ResourceClaimSpec,
): Iterable<FieldProblem> {
  if (reservedFor.length > 0 && !allocation)
    yield forbidden("status.reservedFor", "may not be specified when `allocated` is not set");
  const names = new Set(
    (spec.devices?.requests ?? []).flatMap(({ name, firstAvailable }) => [
      name,
      ...(firstAvailable ?? []).map((sub) => `${name}/${sub.name}`),
    ]),
  );
  for (const [index, { request }] of (allocation?.devices.results ?? []).entries())
    if (!names.has(request))
      yield invalid(`${item("status.allocation.devices.results", index)}.request`, request, NO_REQUEST);
  const given = new Set(allocation?.devices.results?.map(identityOf));
  for (const [index, device] of devices.entries()) {
    const path = item("status.devices", index);
    if (!given.has(identityOf(device)))
      yield invalid(path, identityOf(device), "must be an allocated device in the claim");
    for (const [at, text] of (device.networkData?.ips ?? []).entries())
      if (!parseCidr(text)) yield invalid(`${path}.networkData.${item("ips", at)}`, text, NO_CIDR);
  }
}

const NO_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
const NO_CIDR = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";

/** Driver, pool and device name one device of the cluster. */
const identityOf = ({
  driver,
  pool,
  device,
}: Pick<AllocatedDeviceStatus, "driver" | "pool" | "device">): string => `${driver}/${pool}/${device}`;

export interface ResourceClaim extends Of<typeof ResourceClaim> {}
