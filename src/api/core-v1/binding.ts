import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource, value } from "#machinery/schema";

export const Binding = resource({
  apiVersion: "v1",
  kind: "Binding",
  doc: "Puts a pod on a node.",
  plural: "bindings",
  namespaced: true,
  verbs: ["create"],
  metadata: ObjectMeta,
  fields: {
    target: value(2, ObjectReference).required().doc("The node that the pod goes to."),
  },
});
export interface Binding extends Of<typeof Binding> {}
