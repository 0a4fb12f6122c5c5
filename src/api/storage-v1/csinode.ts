import { distinct, named, sameValue } from "#api/checks";
import { ageColumn, integer, nameColumn } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  duplicate,
  type FieldProblem,
  int32,
  invalid,
  item,
  list,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  tooLong,
} from "#machinery/schema";
import { driverName } from "./driver-name.ts";

const NODE_ID_BYTES_MAX = 256;

export const VolumeNodeResources = struct("storage.v1.VolumeNodeResources", {
  count: int32(1).pointer().min(0).doc("Most volumes that can be used on the node."),
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
  rules: {
    *validate({ spec: { drivers } }) {
      yield* distinct("spec.drivers", drivers, ({ name }) => name, "name");
      for (const [index, driver] of drivers.entries())
        yield* problemsOfDriver(driver, item("spec.drivers", index));
    },
    *validateUpdate({ spec }, { spec: old }) {
      for (const driver of spec.drivers) {
        const before = old.drivers.find(({ name }) => name === driver.name);
        if (before && !sameValue(pinned(driver), pinned(before)))
          yield invalid("CSINodeDriver", driver, "field is immutable");
      }
    },
  },
});

/** What a driver says of a node once: all but how many volumes the node can take. */
const pinned = ({ name, nodeID, topologyKeys }: CSINodeDriver) => ({ name, nodeID, topologyKeys });

function* problemsOfDriver(
  { name, nodeID, topologyKeys }: CSINodeDriver,
  path: string,
): Iterable<FieldProblem> {
  yield* driverName(`${path}.name`, name);
  if (nodeID === "") yield required(`${path}.nodeID`);
  if (nodeID.length > NODE_ID_BYTES_MAX) yield tooLong(`${path}.nodeID`, NODE_ID_BYTES_MAX);
  for (const [index, key] of (topologyKeys ?? []).entries()) {
    const at = item(`${path}.topologyKeys`, index);
    if (key === "") yield required(at);
    else yield* named(at, key, "qualified-name");
    if (topologyKeys!.indexOf(key) < index) yield duplicate(at, key);
  }
}

export interface CSINode extends Of<typeof CSINode> {}
