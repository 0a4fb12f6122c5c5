import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, type Of, resource, string } from "#machinery/schema";

export const PriorityClass = resource({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  shortNames: ["pc"],
  namespaced: false,
  metadata: ObjectMeta,
  fields: {
    value: int32(2).required(),
    globalDefault: bool(3),
    description: string(4),
    preemptionPolicy: string(5)
      .pointer()
      .oneOf("PreemptLowerPriority", "Never")
      .default("PreemptLowerPriority"),
  },
});
export interface PriorityClass extends Of<typeof PriorityClass> {}
