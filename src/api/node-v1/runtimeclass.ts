import { ageColumn, nameColumn, text } from "#api/columns";
import { sameValue } from "#api/checks";
import { nodeSelectorWarnings } from "#api/core-v1/node-label-warnings";
import { resourceListProblems } from "#api/core-v1/resources";
import { Toleration } from "#api/core-v1/taint";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { labelProblems } from "#machinery/object-meta-validation";
import {
  duplicate,
  item,
  list,
  map,
  type Of,
  quantity,
  ref,
  resource,
  string,
  struct,
} from "#machinery/schema";

export const Overhead = struct("node.v1.Overhead", {
  podFixed: map(1, quantity).doc("Resources that every pod of the class needs."),
});
export interface Overhead extends Of<typeof Overhead> {}

export const Scheduling = struct("node.v1.Scheduling", {
  nodeSelector: map(1, string).atomic().doc("Labels of the nodes."),
  tolerations: list(2, Toleration).atomic().doc("Taints that the pods of the class bear."),
});
export interface Scheduling extends Of<typeof Scheduling> {}

export const RuntimeClass = resource({
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  doc: "A way in which containers are run.",
  plural: "runtimeclasses",
  namespaced: false,
  metadata: ObjectMeta,
  unconditionalUpdate: false,
  fields: {
    handler: string(2)
      .required()
      .notEmpty()
      .format("dns-label")
      .immutable()
      .doc("Handler of the container runtime."),
    overhead: ref(3, Overhead).doc("What a pod needs beyond its containers."),
    scheduling: ref(4, Scheduling).doc("Nodes that support the class."),
  },

  columns: [nameColumn, text("Handler", (of: { readonly handler: string }) => of.handler), ageColumn],
  rules: {
    *validate({ overhead, scheduling }) {
      yield* resourceListProblems(overhead?.podFixed, "overhead.podFixed.limits");
      yield* labelProblems(scheduling?.nodeSelector, "scheduling.nodeSelector");
      const tolerations = scheduling?.tolerations ?? [];
      for (const [index, toleration] of tolerations.entries())
        if (tolerations.findIndex((other) => sameValue(other, toleration)) < index)
          yield duplicate(item("scheduling.tolerations", index), toleration);
    },
    warnings: ({ scheduling }) => nodeSelectorWarnings(scheduling?.nodeSelector, "scheduling.nodeSelector"),
  },
});
export interface RuntimeClass extends Of<typeof RuntimeClass> {}
