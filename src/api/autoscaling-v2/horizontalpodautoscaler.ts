import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  int32,
  int64,
  list,
  type Of,
  quantity,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const MetricTarget = struct("autoscaling.v2.MetricTarget", {
  type: string(1).required(),
  value: quantity(2).pointer(),
  averageValue: quantity(3).pointer(),
  averageUtilization: int32(4).pointer(),
});
export interface MetricTarget extends Of<typeof MetricTarget> {}

export const ContainerResourceMetricSource = struct("autoscaling.v2.ContainerResourceMetricSource", {
  name: string(1).required(),
  target: value(2, MetricTarget).required(),
  container: string(3).required(),
});
export interface ContainerResourceMetricSource extends Of<typeof ContainerResourceMetricSource> {}

export const MetricValueStatus = struct("autoscaling.v2.MetricValueStatus", {
  value: quantity(1).pointer(),
  averageValue: quantity(2).pointer(),
  averageUtilization: int32(3).pointer(),
});
export interface MetricValueStatus extends Of<typeof MetricValueStatus> {}

export const ContainerResourceMetricStatus = struct("autoscaling.v2.ContainerResourceMetricStatus", {
  name: string(1).required(),
  current: value(2, MetricValueStatus).required(),
  container: string(3).required(),
});
export interface ContainerResourceMetricStatus extends Of<typeof ContainerResourceMetricStatus> {}

export const CrossVersionObjectReference = struct("autoscaling.v2.CrossVersionObjectReference", {
  kind: string(1).required(),
  name: string(2).required(),
  apiVersion: string(3),
});
export interface CrossVersionObjectReference extends Of<typeof CrossVersionObjectReference> {}

export const MetricIdentifier = struct("autoscaling.v2.MetricIdentifier", {
  name: string(1).required(),
  selector: ref(2, LabelSelector),
});
export interface MetricIdentifier extends Of<typeof MetricIdentifier> {}

export const ExternalMetricSource = struct("autoscaling.v2.ExternalMetricSource", {
  metric: value(1, MetricIdentifier).required(),
  target: value(2, MetricTarget).required(),
});
export interface ExternalMetricSource extends Of<typeof ExternalMetricSource> {}

export const ExternalMetricStatus = struct("autoscaling.v2.ExternalMetricStatus", {
  metric: value(1, MetricIdentifier).required(),
  current: value(2, MetricValueStatus).required(),
});
export interface ExternalMetricStatus extends Of<typeof ExternalMetricStatus> {}

export const HPAScalingPolicy = struct("autoscaling.v2.HPAScalingPolicy", {
  type: string(1).required(),
  value: int32(2).required(),
  periodSeconds: int32(3).required(),
});
export interface HPAScalingPolicy extends Of<typeof HPAScalingPolicy> {}

export const HPAScalingRules = struct("autoscaling.v2.HPAScalingRules", {
  stabilizationWindowSeconds: int32(3).pointer(),
  selectPolicy: string(1).pointer(),
  policies: list(2, HPAScalingPolicy).atomic(),
  tolerance: quantity(4).pointer().gate("HPAConfigurableTolerance"),
});
export interface HPAScalingRules extends Of<typeof HPAScalingRules> {}

export const ObjectMetricSource = struct("autoscaling.v2.ObjectMetricSource", {
  describedObject: value(1, CrossVersionObjectReference).required(),
  target: value(2, MetricTarget).required(),
  metric: value(3, MetricIdentifier).required(),
});
export interface ObjectMetricSource extends Of<typeof ObjectMetricSource> {}

export const PodsMetricSource = struct("autoscaling.v2.PodsMetricSource", {
  metric: value(1, MetricIdentifier).required(),
  target: value(2, MetricTarget).required(),
});
export interface PodsMetricSource extends Of<typeof PodsMetricSource> {}

export const ResourceMetricSource = struct("autoscaling.v2.ResourceMetricSource", {
  name: string(1).required(),
  target: value(2, MetricTarget).required(),
});
export interface ResourceMetricSource extends Of<typeof ResourceMetricSource> {}

export const MetricSpec = struct("autoscaling.v2.MetricSpec", {
  type: string(1).required(),
  object: ref(2, ObjectMetricSource),
  pods: ref(3, PodsMetricSource),
  resource: ref(4, ResourceMetricSource),
  containerResource: ref(7, ContainerResourceMetricSource),
  external: ref(5, ExternalMetricSource),
});
export interface MetricSpec extends Of<typeof MetricSpec> {}

export const HorizontalPodAutoscalerBehavior = struct("autoscaling.v2.HorizontalPodAutoscalerBehavior", {
  scaleUp: ref(1, HPAScalingRules),
  scaleDown: ref(2, HPAScalingRules),
});
export interface HorizontalPodAutoscalerBehavior extends Of<typeof HorizontalPodAutoscalerBehavior> {}

export const HorizontalPodAutoscalerSpec = struct("autoscaling.v2.HorizontalPodAutoscalerSpec", {
  scaleTargetRef: value(1, CrossVersionObjectReference).required(),
  minReplicas: int32(2).pointer().default(1),
  maxReplicas: int32(3).required(),
  metrics: list(4, MetricSpec).atomic(),
  behavior: ref(5, HorizontalPodAutoscalerBehavior),
});
export interface HorizontalPodAutoscalerSpec extends Of<typeof HorizontalPodAutoscalerSpec> {}

export const ObjectMetricStatus = struct("autoscaling.v2.ObjectMetricStatus", {
  metric: value(1, MetricIdentifier).required(),
  current: value(2, MetricValueStatus).required(),
  describedObject: value(3, CrossVersionObjectReference).required(),
});
export interface ObjectMetricStatus extends Of<typeof ObjectMetricStatus> {}

export const PodsMetricStatus = struct("autoscaling.v2.PodsMetricStatus", {
  metric: value(1, MetricIdentifier).required(),
  current: value(2, MetricValueStatus).required(),
});
export interface PodsMetricStatus extends Of<typeof PodsMetricStatus> {}

export const ResourceMetricStatus = struct("autoscaling.v2.ResourceMetricStatus", {
  name: string(1).required(),
  current: value(2, MetricValueStatus).required(),
});
export interface ResourceMetricStatus extends Of<typeof ResourceMetricStatus> {}

export const MetricStatus = struct("autoscaling.v2.MetricStatus", {
  type: string(1).required(),
  object: ref(2, ObjectMetricStatus),
  pods: ref(3, PodsMetricStatus),
  resource: ref(4, ResourceMetricStatus),
  containerResource: ref(7, ContainerResourceMetricStatus),
  external: ref(5, ExternalMetricStatus),
});
export interface MetricStatus extends Of<typeof MetricStatus> {}

export const HorizontalPodAutoscalerCondition = struct("autoscaling.v2.HorizontalPodAutoscalerCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
});
export interface HorizontalPodAutoscalerCondition extends Of<typeof HorizontalPodAutoscalerCondition> {}

export const HorizontalPodAutoscalerStatus = struct("autoscaling.v2.HorizontalPodAutoscalerStatus", {
  observedGeneration: int64(1).pointer(),
  lastScaleTime: time(2).pointer(),
  currentReplicas: int32(3),
  desiredReplicas: int32(4).required(),
  currentMetrics: list(5, MetricStatus).always().atomic(),
  conditions: list(6, HorizontalPodAutoscalerCondition).mergedBy("type"),
});
export interface HorizontalPodAutoscalerStatus extends Of<typeof HorizontalPodAutoscalerStatus> {}

export const HorizontalPodAutoscaler = resource({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: HorizontalPodAutoscalerSpec,
  status: HorizontalPodAutoscalerStatus,
  counted: false,
});
export interface HorizontalPodAutoscaler extends Of<typeof HorizontalPodAutoscaler> {}
