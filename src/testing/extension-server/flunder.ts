import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type FieldProblem, type Of, invalid, resource, string, struct } from "#machinery/schema";

const FlunderSpec = struct("wardle.v1alpha1.FlunderSpec", {
  reference: string(1).doc("Name of another flunder, or of a fischer."),
  referenceType: string(2).oneOf("Flunder", "Fischer").doc("What the reference is to."),
});

const FlunderStatus = struct("wardle.v1alpha1.FlunderStatus", {
  phase: string(1).doc("How far it has come."),
});

/** A kind that no cluster knows by itself. */
export const Flunder = resource({
  apiVersion: "wardle.example.com/v1alpha1",
  kind: "Flunder",
  doc: "A kind of fish that another server keeps.",
  plural: "flunders",
  shortNames: ["fl"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: FlunderSpec,
  status: FlunderStatus,
  columns: [nameColumn, text("Reference", ({ spec }) => spec?.reference ?? "")],
  rules: {
    *validate({ metadata: { name }, spec }): Iterable<FieldProblem> {
      if (spec?.reference === name) yield invalid("spec.reference", name, "may not be the flunder itself");
    },
  },
});
export interface Flunder extends Of<typeof Flunder> {}
