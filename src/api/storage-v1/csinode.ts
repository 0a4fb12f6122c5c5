import { ageColumn, integer, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const VolumeNodeResources = struct("storage.v1.VolumeNodeResources", {
  count: int32(1).pointer().doc("Most volumes that can be used on the node."),
});
export interface VolumeNodeResources extends Of<typeof VolumeNodeResources> {}

export const CSINodeDriver = struct("storage.v1.CSINodeDriver", {
  name: string(1).required().doc("Name of the driver."),
  nodeID: string(2).required().doc("Identity of the node with the driver."),
  topologyKeys: list(3, string)
    .always()
    .atomic()
    .doc("Labels of the node that tell where it is, for the driver."),
  allocatable: ref(4, VolumeNodeResources).doc("What the node can take of the driver."),
});
export interface CSINodeDriver extends Of<typeof CSINodeDriver> {}

export const CSINodeSpec = struct("storage.v1.CSINodeSpec", {
  drivers: list(1, CSINodeDriver).required().mergedBy("name").doc("Drivers that run on the node."),
});
export interface CSINodeSpec extends Of<typeof CSINodeSpec> {}

export const CSINode = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "CSINode",
  doc: "CSI drivers on a node.",
  plural: "csinodes",
  namespaced: false,
  metadata: ObjectMeta,
  spec: CSINodeSpec,
  specRequired: true,
  unconditionalUpdate: false,

  columns: [nameColumn, integer("Drivers", ({ spec }) => spec.drivers.length), ageColumn],
});
export interface CSINode extends Of<typeof CSINode> {}
