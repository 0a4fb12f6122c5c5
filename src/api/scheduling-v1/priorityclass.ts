import { ageColumn, flag, integer, nameColumn, wide } from "#api/columns";
import { own, unchanged } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, forbidden, int32, type Of, resource, string } from "#machinery/schema";

interface ClassParts {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy: string;
}

/** Higher values are for what keeps the cluster itself alive. */
const USER_VALUE_MAX = 1_000_000_000;

const SYSTEM_PREFIX = "system-";
/** The classes that come with every cluster. */
export const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2 * USER_VALUE_MAX,
  "system-node-critical": 2 * USER_VALUE_MAX + 1000,
};

export const PriorityClass = resource({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  doc: "A named priority for pods.",
  plural: "priorityclasses",
  shortNames: ["pc"],
  namespaced: false,
  metadata: ObjectMeta,
  fields: {
    value: int32(2).required().doc("The priority; higher ones go first."),
    globalDefault: bool(3).doc("For pods that name no class."),
    description: string(4).doc("When to use it."),
    preemptionPolicy: string(5)
      .pointer()
      .oneOf("PreemptLowerPriority", "Never")
      .default("PreemptLowerPriority")
      .doc("Whether its pods may push out others."),
  },

  columns: [
    nameColumn,
    integer("Value", (of: ClassParts) => of.value),
    flag("Global-Default", (of: ClassParts) => of.globalDefault ?? false),
    ageColumn,
    { ...wide("PreemptionPolicy", (of: ClassParts) => of.preemptionPolicy), priority: 0 },
  ],
  rules: {
    *validate({ metadata: { name }, value }) {
      if (name?.startsWith(SYSTEM_PREFIX)) {
        if (own(SYSTEM_CLASSES, name) !== value)
          yield forbidden(
            "metadata.name",
            "priority class names with 'system-' prefix are reserved for system use only. error: name is not a known system priority class",
          );
      } else if (value > USER_VALUE_MAX)
        yield forbidden("value", `maximum allowed value of a user defined priority is ${USER_VALUE_MAX}`);
    },
    *validateUpdate(now, old) {
      if (now.value !== old.value) yield forbidden("value", "may not be changed in an update.");
      yield* unchanged("preemptionPolicy", now.preemptionPolicy, old.preemptionPolicy);
    },
  },
});
export interface PriorityClass extends Of<typeof PriorityClass> {}
