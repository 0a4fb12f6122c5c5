import { named, unchanged } from "#api/checks";
import { nameColumn, text, UNSET } from "#api/columns";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { quantityValue } from "#machinery/quantity";
import { type FieldProblem, invalid, type Of, quantity, ref, resource, string } from "#machinery/schema";

interface Shown {
  readonly storageClassName: string;
  readonly capacity?: string;
}

export const CSIStorageCapacity = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "CSIStorageCapacity",
  doc: "Room that a CSI driver has somewhere.",
  plural: "csistoragecapacities",
  namespaced: true,
  metadata: ObjectMeta,
  unconditionalUpdate: false,
  fields: {
    nodeTopology: ref(2, LabelSelector).doc("Nodes that reach this storage."),
    storageClassName: string(3).required().notEmpty().doc("Class that the storage is of."),
    capacity: quantity(4).pointer().doc("Storage that is left."),
    maximumVolumeSize: quantity(5).pointer().doc("Largest volume that can be made."),
  },

  columns: [
    nameColumn,
    text("StorageClassName", (of: Shown) => of.storageClassName),
    text("Capacity", (of: Shown) => of.capacity ?? UNSET),
  ],
  rules: {
    *validate({ storageClassName, capacity, maximumVolumeSize }) {
      if (storageClassName !== "") yield* named("storageClassName", storageClassName, "dns-subdomain");
      yield* atLeastNothing("capacity", capacity);
      yield* atLeastNothing("maximumVolumeSize", maximumVolumeSize);
    },
    *validateUpdate(capacity, old) {
      yield* unchanged("nodeTopology", capacity.nodeTopology, old.nodeTopology);
      yield* unchanged("storageClassName", capacity.storageClassName, old.storageClassName);
    },
  },
});

function* atLeastNothing(path: string, amount: string | undefined): Iterable<FieldProblem> {
  if (amount !== undefined && quantityValue(amount) < 0)
    yield invalid(path, amount, "must be greater than or equal to 0");
}

export interface CSIStorageCapacity extends Of<typeof CSIStorageCapacity> {}
