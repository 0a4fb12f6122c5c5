import { unchanged } from "#api/checks";
import { ageColumn, nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  type FieldProblem,
  invalid,
  map,
  type Of,
  required,
  resource,
  string,
  tooLong,
  tooMany,
} from "#machinery/schema";
import { driverName } from "./driver-name.ts";

const PARAMETERS_MAX = 512;
const PARAMETERS_BYTES_MAX = 256 * 1024;

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
  rules: {
    *validate({ driverName: name, parameters = {} }) {
      yield* driverName("driverName", name);
      yield* problemsOfParameters(parameters);
    },
    *validateUpdate(now, old) {
      yield* unchanged("driverName", now.driverName, old.driverName);
      yield* unchanged("parameters", now.parameters, old.parameters);
    },
  },
});

function* problemsOfParameters(parameters: Readonly<Record<string, string>>): Iterable<FieldProblem> {
  const entries = Object.entries(parameters);
  if (entries.length === 0) yield required("parameters", "must contain at least one key/value pair");
  if (entries.length > PARAMETERS_MAX) yield tooMany("parameters", entries.length, PARAMETERS_MAX);
  if (entries.some(([key]) => key === "")) yield invalid("parameters", "", "field can not be empty.");
  const size = entries.reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  if (size > PARAMETERS_BYTES_MAX) yield tooLong("parameters", PARAMETERS_BYTES_MAX);
}

export interface VolumeAttributesClass extends Of<typeof VolumeAttributesClass> {}
