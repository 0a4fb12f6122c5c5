import { ageColumn, nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { map, type Of, resource, string } from "#machinery/schema";

interface Shown {
  readonly driverName: string;
}

export const VolumeAttributesClass = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "VolumeAttributesClass",
  doc: "Settings of a volume that can be changed while it is in use.",
  plural: "volumeattributesclasses",
  shortNames: ["vac"],
  namespaced: false,
  metadata: ObjectMeta,
  fields: {
    driverName: string(2).required().doc("Driver that understands the parameters."),
    parameters: map(3, string).doc("Attributes that volumes of the class have."),
  },

  columns: [nameColumn, text("DriverName", (of: Shown) => of.driverName), ageColumn],
});
export interface VolumeAttributesClass extends Of<typeof VolumeAttributesClass> {}
