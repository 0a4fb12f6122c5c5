import { ageColumn, nameColumn, text, UNKNOWN, UNSET } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, int64, invalid, type Of, resource, string, struct, time, value } from "#machinery/schema";

export const CrossVersionObjectReference = struct(
  "autoscaling.v1.CrossVersionObjectReference",
  {
    kind: string(1).required().doc("Kind of the object."),
    name: string(2).required().doc("Name of the object."),
    apiVersion: string(3).doc("Group and version of the kind."),
  },
  { atomic: true },
);
export interface CrossVersionObjectReference extends Of<typeof CrossVersionObjectReference> {}

export const HorizontalPodAutoscalerSpec = struct("autoscaling.v1.HorizontalPodAutoscalerSpec", {
  scaleTargetRef: value(1, CrossVersionObjectReference).required().doc("What is scaled."),
  minReplicas: int32(2).pointer().default(1).doc("The fewest pods."),
  maxReplicas: int32(3).required().doc("The most pods."),
  targetCPUUtilizationPercentage: int32(4)
    .pointer()
    .doc("The average share of requested CPU aimed at, in percent."),
});
export interface HorizontalPodAutoscalerSpec extends Of<typeof HorizontalPodAutoscalerSpec> {}

export const HorizontalPodAutoscalerStatus = struct("autoscaling.v1.HorizontalPodAutoscalerStatus", {
  observedGeneration: int64(1).pointer().doc("Generation of the object that this is about."),
  lastScaleTime: time(2).pointer().doc("When the number of pods was last changed."),
  currentReplicas: int32(3).required().doc("How many pods there are."),
  desiredReplicas: int32(4).required().doc("How many pods there should be."),
  currentCPUUtilizationPercentage: int32(5)
    .pointer()
    .doc("The average share of requested CPU measured, in percent."),
});
export interface HorizontalPodAutoscalerStatus extends Of<typeof HorizontalPodAutoscalerStatus> {}

const percent = (share: number | undefined): string => (share === undefined ? UNKNOWN : `${share}%`);

export const HorizontalPodAutoscaler = resource({
  apiVersion: "autoscaling/v1",
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
  storedAs: "autoscaling/v2/HorizontalPodAutoscaler",

  columns: [
    nameColumn,
    text("Reference", ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
    text(
      "Targets",
      ({ spec, status }) =>
        `cpu: ${percent(status.currentCPUUtilizationPercentage)}/${percent(spec.targetCPUUtilizationPercentage)}`,
    ),
    text("MinPods", ({ spec }) => String(spec.minReplicas ?? UNSET)),
    text("MaxPods", ({ spec }) => spec.maxReplicas),
    text("Replicas", ({ status }) => status.currentReplicas),
    ageColumn,
  ],
  rules: {
    *validate({ spec: { minReplicas, maxReplicas } }) {
      if (minReplicas < 1)
        yield invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1");
      if (maxReplicas < minReplicas)
        yield invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`");
    },
  },
});
export interface HorizontalPodAutoscaler extends Of<typeof HorizontalPodAutoscaler> {}
