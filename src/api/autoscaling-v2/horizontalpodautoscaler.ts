import { ageColumn, nameColumn, text, UNSET } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { invalid, type Of, resource } from "#machinery/schema";
import { behaviorDefaults, targetsText } from "./horizontalpodautoscaler-rules.ts";
import { HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus } from "./horizontalpodautoscalerspec.ts";

/** What is looked at when nothing is said. */
const CPU_METRIC = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
} as const;

export const HorizontalPodAutoscaler = resource({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  doc: "Changes a number of replicas by what is measured.",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: HorizontalPodAutoscalerSpec,
  status: HorizontalPodAutoscalerStatus,
  counted: false,

  columns: [
    nameColumn,
    text("Reference", ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
    text("Targets", ({ spec, status }) => targetsText(spec.metrics ?? [], status.currentMetrics ?? [])),
    text("MinPods", ({ spec }) => String(spec.minReplicas ?? UNSET)),
    text("MaxPods", ({ spec }) => spec.maxReplicas),
    text("Replicas", ({ status }) => status.currentReplicas ?? 0),
    ageColumn,
  ],
  rules: {
    defaults(autoscaler) {
      const { spec } = autoscaler;
      const metrics = spec.metrics && spec.metrics.length > 0 ? spec.metrics : [CPU_METRIC];
      const behavior = spec.behavior && behaviorDefaults(spec.behavior);
      return { ...autoscaler, spec: { ...spec, metrics, ...(behavior ? { behavior } : {}) } };
    },
    *validate({ spec: { minReplicas, maxReplicas } }) {
      if (minReplicas < 1)
        yield invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1");
      if (maxReplicas < 1) yield invalid("spec.maxReplicas", maxReplicas, "must be greater than 0");
      if (maxReplicas < minReplicas)
        yield invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`");
    },
  },
});
export interface HorizontalPodAutoscaler extends Of<typeof HorizontalPodAutoscaler> {}
