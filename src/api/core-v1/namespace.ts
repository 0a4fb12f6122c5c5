import { ageColumn, nameColumn, text } from "#api/columns";
import { named } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { invalid, item, list, type Of, resource, string, struct, time } from "#machinery/schema";

export const NamespaceSpec = struct("core.v1.NamespaceSpec", {
  finalizers: list(1, string).atomic().doc("Who must be done before the namespace is gone."),
});
export interface NamespaceSpec extends Of<typeof NamespaceSpec> {}

export const NamespaceCondition = struct("core.v1.NamespaceCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).doc("One word on why."),
  message: string(6).doc("The reason in plain words."),
});
export interface NamespaceCondition extends Of<typeof NamespaceCondition> {}

export const NamespaceStatus = struct("core.v1.NamespaceStatus", {
  phase: string(1).oneOf("Active", "Terminating").default("Active").doc("Active, or Terminating."),
  conditions: list(2, NamespaceCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface NamespaceStatus extends Of<typeof NamespaceStatus> {}

/** Every namespace has its own name as a label, so that selectors can name it. */
const NAME_LABEL = "kubernetes.io/metadata.name";

export const Namespace = resource({
  apiVersion: "v1",
  kind: "Namespace",
  doc: "A part of the cluster in which names are unique.",
  plural: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  nameFormat: "dns-label",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  metadata: ObjectMeta,
  spec: NamespaceSpec,
  status: NamespaceStatus,
  counted: false,
  subresources: {
    finalize: { kind: "Namespace", verbs: ["update"] },
  },

  fieldSelectors: { "status.phase": ({ status }) => status.phase },
  columns: [nameColumn, text("Status", ({ status }) => status.phase), ageColumn],
  rules: {
    defaults(namespace) {
      const { name, labels } = namespace.metadata;
      if (!name || labels?.[NAME_LABEL] === name) return namespace;
      return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } } };
    },
    prepareForCreate(namespace) {
      const finalizers = namespace.spec.finalizers ?? [];
      return {
        ...namespace,
        spec: { ...namespace.spec, finalizers: [...new Set([...finalizers, "kubernetes"])] },
        status: { phase: "Active" as const },
      };
    },
    prepareForUpdate: (namespace, old) => ({
      ...namespace,
      spec: { ...namespace.spec, finalizers: old.spec.finalizers },
      status: old.status,
    }),
    *validate({ spec }) {
      for (const [index, name] of (spec.finalizers ?? []).entries())
        if (!name.includes("/") && name !== "kubernetes")
          yield invalid(
            item("spec.finalizers", index),
            name,
            "name is neither a standard finalizer name nor is it fully qualified",
          );
        else yield* named(item("spec.finalizers", index), name, "qualified-name");
    },
    *validateStatusUpdate({ metadata, status }) {
      const deleting = metadata.deletionTimestamp !== undefined;
      if (!deleting && status.phase !== "Active")
        yield invalid("status.phase", status.phase, "may only be 'Active' if `deletionTimestamp` is empty");
      if (deleting && status.phase !== "Terminating")
        yield invalid(
          "status.phase",
          status.phase,
          "may only be 'Terminating' if `deletionTimestamp` is not empty",
        );
    },
  },
});
export interface Namespace extends Of<typeof Namespace> {}
