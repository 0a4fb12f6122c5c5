import { outdatedNodeLabel } from "#api/core-v1/node-label-warnings";
import { ageColumn, text } from "#api/columns";
import { named, sameValue } from "#api/checks";
import { TopologySelectorTerm } from "#api/core-v1/affinity";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  duplicate,
  type FieldProblem,
  forbidden,
  invalid,
  item,
  list,
  map,
  type Of,
  resource,
  string,
  tooLong,
  tooMany,
} from "#machinery/schema";

interface ClassParts {
  readonly metadata: ObjectMeta;
  readonly provisioner: string;
  readonly reclaimPolicy: string;
  readonly volumeBindingMode: string;
  readonly allowVolumeExpansion?: boolean;
}

const PARAMETERS_MAX = 512;
const PARAMETER_BYTES_MAX = 262_144;
const DEFAULT_ANNOTATIONS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

/** Is it the class of claims that name none? */
export const isDefaultClass = ({ metadata }: Pick<ClassParts, "metadata">): boolean =>
  DEFAULT_ANNOTATIONS.some((name) => metadata.annotations?.[name] === "true");

function* parameterProblems(parameters: Readonly<Record<string, string>>): Iterable<FieldProblem> {
  const entries = Object.entries(parameters);
  if (entries.length > PARAMETERS_MAX) yield tooMany("parameters", entries.length, PARAMETERS_MAX);
  let length = 0;
  for (const [key, value] of entries) {
    if (key === "") yield invalid("parameters", key, "field can not be empty.");
    length += key.length + value.length;
  }
  if (length > PARAMETER_BYTES_MAX) yield tooLong("parameters", PARAMETER_BYTES_MAX);
}

export const StorageClass = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  doc: "A way in which volumes are made for claims.",
  plural: "storageclasses",
  shortNames: ["sc"],
  namespaced: false,
  metadata: ObjectMeta,
  fields: {
    provisioner: string(2).required().notEmpty().doc("Who makes the volumes."),
    parameters: map(3, string).doc("What the provisioner is told."),
    reclaimPolicy: string(4)
      .pointer()
      .oneOf("Delete", "Retain")
      .default("Delete")
      .doc("What happens to volumes whose claim is gone."),
    mountOptions: list(5, string).atomic().doc("Options of the mounts."),
    allowVolumeExpansion: bool(6).pointer().doc("Claims may grow."),
    volumeBindingMode: string(7)
      .pointer()
      .oneOf("Immediate", "WaitForFirstConsumer")
      .default("Immediate")
      .immutable()
      .doc("Whether to wait for a pod before making the volume."),
    allowedTopologies: list(8, TopologySelectorTerm).atomic().doc("Where volumes may be made."),
  },

  columns: [
    {
      ...text("Name", (of: ClassParts) =>
        isDefaultClass(of) ? `${of.metadata.name} (default)` : of.metadata.name,
      ),
      format: "name",
    },
    text("Provisioner", (of: ClassParts) => of.provisioner),
    text("ReclaimPolicy", (of: ClassParts) => of.reclaimPolicy),
    text("VolumeBindingMode", (of: ClassParts) => of.volumeBindingMode),
    text("AllowVolumeExpansion", (of: ClassParts) => String(of.allowVolumeExpansion ?? false)),
    ageColumn,
  ],
  rules: {
    *validate({ provisioner, parameters = {}, allowedTopologies = [] }) {
      for (const [index, term] of allowedTopologies.entries())
        if (allowedTopologies.findIndex((other) => sameValue(other, term)) < index)
          yield duplicate(`${item("allowedTopologies", index)}.matchLabelExpressions`, "");
      if (provisioner !== "") yield* named("provisioner", provisioner.toLowerCase(), "qualified-name");
      yield* parameterProblems(parameters);
    },
    *validateUpdate(now, old) {
      if (!sameValue(now.parameters, old.parameters))
        yield forbidden("parameters", "updates to parameters are forbidden.");
      if (now.provisioner !== old.provisioner)
        yield forbidden("provisioner", "updates to provisioner are forbidden.");
      if (now.reclaimPolicy !== old.reclaimPolicy)
        yield forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.");
    },
    *warnings({ allowedTopologies }) {
      for (const [index, { matchLabelExpressions }] of (allowedTopologies ?? []).entries())
        for (const [place, { key }] of (matchLabelExpressions ?? []).entries()) {
          const text = outdatedNodeLabel(key);
          const where = item(`${item("allowedTopologies", index)}.matchLabelExpressions`, place);
          if (text) yield `${where}.key: ${text}`;
        }
    },
  },
});
export interface StorageClass extends Of<typeof StorageClass> {}
