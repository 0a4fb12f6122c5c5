import { notNegative, unchanged } from "#api/checks";
import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { controllerOf, ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, json, type Of, required, resource } from "#machinery/schema";

interface Shown {
  readonly metadata: ObjectMeta;
  readonly revision: number;
}

function ownerText(metadata: ObjectMeta): string {
  const owner = controllerOf(metadata);
  if (!owner) return NONE;
  const [group, version] = owner.apiVersion.split("/", 2);
  const kind = owner.kind.toLowerCase();
  return version === undefined ? `${kind}/${owner.name}` : `${kind}.${group}/${owner.name}`;
}

export const ControllerRevision = resource({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  doc: "An earlier state of a StatefulSet or DaemonSet.",
  plural: "controllerrevisions",
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    data: json(2).orNull().doc("What the template was in this revision."),
    revision: int64(3).required().doc("Number of the revision; later ones are higher."),
  },

  columns: [
    nameColumn,
    text("Controller", ({ metadata }: Shown) => ownerText(metadata)),
    text("Revision", (of: Shown) => of.revision),
    ageColumn,
  ],
  rules: {
    *validate({ data, revision }) {
      if (data === undefined || data === null) yield required("data", "data is mandatory");
      yield* notNegative("revision", revision);
    },
    validateUpdate: ({ data }, old) => unchanged("data", data, old.data),
  },
});
export interface ControllerRevision extends Of<typeof ControllerRevision> {}
