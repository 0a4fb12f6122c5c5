import { ageColumn, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceConfiguration, DeviceSelector } from "#api/resource-v1/device";
import { inline, list, type Of, resource, string, struct } from "#machinery/schema";

export const DeviceClassConfiguration = struct("resource.v1.DeviceClassConfiguration", {
  deviceConfiguration: inline(1, DeviceConfiguration),
});
export interface DeviceClassConfiguration extends Of<typeof DeviceClassConfiguration> {}

export const DeviceClassSpec = struct("resource.v1.DeviceClassSpec", {
  selectors: list(1, DeviceSelector).atomic().maxItems(32).doc("Devices of the class fulfil all of them."),
  config: list(2, DeviceClassConfiguration)
    .atomic()
    .maxItems(32)
    .doc("Settings for drivers of such devices."),
  extendedResourceName: string(4)
    .pointer()
    .format("extended-resource-name")
    .gate("DRAExtendedResource")
    .doc("Resource name by which pods can ask for the class."),
});
export interface DeviceClassSpec extends Of<typeof DeviceClassSpec> {}

export const DeviceClass = resource({
  apiVersion: "resource.k8s.io/v1",
  kind: "DeviceClass",
  doc: "A sort of devices.",
  plural: "deviceclasses",
  namespaced: false,
  metadata: ObjectMeta,
  spec: DeviceClassSpec,
  specRequired: true,
  counted: true,

  columns: [nameColumn, ageColumn],
});
export interface DeviceClass extends Of<typeof DeviceClass> {}
