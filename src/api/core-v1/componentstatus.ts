import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, resource, string, struct } from "#machinery/schema";

export const ComponentCondition = struct("core.v1.ComponentCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  message: string(3).doc("The reason in plain words."),
  error: string(4).doc("Code of what went wrong."),
});
export interface ComponentCondition extends Of<typeof ComponentCondition> {}

interface Shown {
  readonly conditions?: readonly ComponentCondition[];
}

export const ComponentStatus = resource({
  apiVersion: "v1",
  kind: "ComponentStatus",
  doc: "Health of a part of the control plane; no longer kept up.",
  plural: "componentstatuses",
  shortNames: ["cs"],
  namespaced: false,
  verbs: ["get", "list"],
  metadata: ObjectMeta,
  fields: {
    conditions: list(2, ComponentCondition)
      .mergedBy("type")
      .doc("What is known about its state, one entry per type."),
  },

  columns: [
    nameColumn,
    text("Status", (of: Shown) => {
      const healthy = of.conditions?.find(({ type }) => type === "Healthy");
      if (!healthy || healthy.status === "Unknown") return "Unknown";
      return healthy.status === "True" ? "Healthy" : "Unhealthy";
    }),
    text("Message", (of: Shown) => of.conditions?.[0]?.message ?? ""),
    text("Error", (of: Shown) => of.conditions?.[0]?.error ?? ""),
  ],
});
export interface ComponentStatus extends Of<typeof ComponentStatus> {}
