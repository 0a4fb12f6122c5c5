import { ageColumn, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceConfiguration, DeviceSelector } from "#api/resource-v1beta2/device";
import { inline, list, type Of, resource, string, struct } from "#machinery/schema";

export const DeviceClassConfiguration = struct("resource.v1beta2.DeviceClassConfiguration", {
  deviceConfiguration: inline(1, DeviceConfiguration),
});
export interface DeviceClassConfiguration extends Of<typeof DeviceClassConfiguration> {}

export const DeviceClassSpec = struct("resource.v1beta2.DeviceClassSpec", {
  selectors: list(1, DeviceSelector).atomic().maxItems(32),
  config: list(2, DeviceClassConfiguration).atomic().maxItems(32),
  extendedResourceName: string(4).pointer().format("extended-resource-name").gate("DRAExtendedResource"),
});
export interface DeviceClassSpec extends Of<typeof DeviceClassSpec> {}

export const DeviceClass = resource({
  apiVersion: "resource.k8s.io/v1beta2",
  kind: "DeviceClass",
  doc: "A sort of devices.",
  plural: "deviceclasses",
  namespaced: false,
  metadata: ObjectMeta,
  spec: DeviceClassSpec,
  specRequired: true,
  counted: true,
  storedAs: "resource.k8s.io/v1/DeviceClass",
  servedByDefault: false,

  columns: [nameColumn, ageColumn],
});
export interface DeviceClass extends Of<typeof DeviceClass> {}
