import { setMembers } from "#api/checks";
import { LabelSelector } from "#api/meta-v1/labelselector";
import {
  at,
  type FieldProblem,
  forbidden,
  int32,
  int64,
  invalid,
  list,
  type Of,
  quantity,
  ref,
  required,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const MetricTarget = struct(
  "autoscaling.v2.MetricTarget",
  {
    type: string(1)
      .oneOf("Utilization", "Value", "AverageValue")
      .required()
      .notEmpty()
      .doc("Utilization, Value or AverageValue."),
    value: quantity(2).pointer().doc("The value aimed at."),
    averageValue: quantity(3).pointer().doc("The average over pods aimed at."),
    averageUtilization: int32(4).pointer().doc("The average share of the request aimed at, in percent."),
  },
  {
    *validate({ value: amount, averageValue, averageUtilization }, path) {
      if (averageUtilization !== undefined && averageUtilization < 1)
        yield invalid(at(path, "averageUtilization"), averageUtilization, "must be greater than 0");
      for (const [name, given] of Object.entries({ value: amount, averageValue }))
        if (given !== undefined && (given === "0" || given.startsWith("-")))
          yield invalid(at(path, name), given, "must be positive");
    },
  },
);
export interface MetricTarget extends Of<typeof MetricTarget> {}

export const ContainerResourceMetricSource = struct("autoscaling.v2.ContainerResourceMetricSource", {
  name: string(1).required().notEmpty().doc("cpu or memory."),
  target: value(2, MetricTarget).required().doc("The value aimed at."),
  container: string(3).required().notEmpty().format("dns-label").doc("Name of the container."),
});
export interface ContainerResourceMetricSource extends Of<typeof ContainerResourceMetricSource> {}

export const MetricValueStatus = struct("autoscaling.v2.MetricValueStatus", {
  value: quantity(1).pointer().doc("The value."),
  averageValue: quantity(2).pointer().doc("The average over pods."),
  averageUtilization: int32(3).pointer().doc("The average share of the request, in percent."),
});
export interface MetricValueStatus extends Of<typeof MetricValueStatus> {}

export const ContainerResourceMetricStatus = struct("autoscaling.v2.ContainerResourceMetricStatus", {
  name: string(1).required().doc("cpu or memory."),
  current: value(2, MetricValueStatus).required().doc("The value measured."),
  container: string(3).required().doc("Name of the container."),
});
export interface ContainerResourceMetricStatus extends Of<typeof ContainerResourceMetricStatus> {}

export const CrossVersionObjectReference = struct("autoscaling.v2.CrossVersionObjectReference", {
  kind: string(1).required().notEmpty().format("path-segment").doc("Kind of the object."),
  name: string(2).required().notEmpty().format("path-segment").doc("Name of the object."),
  apiVersion: string(3).doc("Group and version of the kind."),
});
export interface CrossVersionObjectReference extends Of<typeof CrossVersionObjectReference> {}

export const MetricIdentifier = struct("autoscaling.v2.MetricIdentifier", {
  name: string(1).required().notEmpty().format("path-segment").doc("Name of the metric."),
  selector: ref(2, LabelSelector).doc("Labels that narrow the metric."),
});
export interface MetricIdentifier extends Of<typeof MetricIdentifier> {}

export const ExternalMetricSource = struct("autoscaling.v2.ExternalMetricSource", {
  metric: value(1, MetricIdentifier).required().doc("Which metric."),
  target: value(2, MetricTarget).required().doc("The value aimed at."),
});
export interface ExternalMetricSource extends Of<typeof ExternalMetricSource> {}

export const ExternalMetricStatus = struct("autoscaling.v2.ExternalMetricStatus", {
  metric: value(1, MetricIdentifier).required().doc("Which metric."),
  current: value(2, MetricValueStatus).required().doc("The value measured."),
});
export interface ExternalMetricStatus extends Of<typeof ExternalMetricStatus> {}

const PERIOD_SECONDS_MAX = 1800;
const WINDOW_SECONDS_MAX = 3600;

export const HPAScalingPolicy = struct(
  "autoscaling.v2.HPAScalingPolicy",
  {
    type: string(1).oneOf("Pods", "Percent").required().notEmpty().doc("Pods or Percent."),
    value: int32(2).required().doc("How much change is allowed in the period."),
    periodSeconds: int32(3).required().doc("Length of the period in seconds."),
  },
  {
    *validate({ value: amount, periodSeconds }, path) {
      if (amount <= 0) yield invalid(at(path, "value"), amount, "must be greater than zero");
      if (periodSeconds <= 0)
        yield invalid(at(path, "periodSeconds"), periodSeconds, "must be greater than zero");
      else if (periodSeconds > PERIOD_SECONDS_MAX)
        yield invalid(
          at(path, "periodSeconds"),
          periodSeconds,
          `must be less than or equal to ${PERIOD_SECONDS_MAX}`,
        );
    },
  },
);
export interface HPAScalingPolicy extends Of<typeof HPAScalingPolicy> {}

export const HPAScalingRules = struct(
  "autoscaling.v2.HPAScalingRules",
  {
    stabilizationWindowSeconds: int32(3).pointer().doc("How far back earlier wishes count, in seconds."),
    selectPolicy: string(1)
      .pointer()
      .oneOf("Disabled", "Max", "Min")
      .doc("Max, Min or Disabled: which policy decides."),
    policies: list(2, HPAScalingPolicy).atomic().doc("How fast the number may change."),
    tolerance: quantity(4)
      .pointer()
      .gate("HPAConfigurableTolerance")
      .doc("How far the metric may be from its target before anything changes."),
  },
  {
    *validate({ stabilizationWindowSeconds, policies, tolerance }, path) {
      const window = stabilizationWindowSeconds;
      const where = at(path, "stabilizationWindowSeconds");
      if (window !== undefined && window < 0)
        yield invalid(where, window, "must be greater than or equal to zero");
      if (window !== undefined && window > WINDOW_SECONDS_MAX)
        yield invalid(where, window, `must be less than or equal to ${WINDOW_SECONDS_MAX}`);
      if ((policies ?? []).length === 0)
        yield required(at(path, "policies"), "must specify at least one Policy");
      if (tolerance?.startsWith("-"))
        yield invalid(at(path, "tolerance"), tolerance, "must be greater than or equal to 0");
    },
  },
);
export interface HPAScalingRules extends Of<typeof HPAScalingRules> {}

export const ObjectMetricSource = struct("autoscaling.v2.ObjectMetricSource", {
  describedObject: value(1, CrossVersionObjectReference).required().doc("The object that the metric is of."),
  target: value(2, MetricTarget).required().doc("The value aimed at."),
  metric: value(3, MetricIdentifier).required().doc("Which metric."),
});
export interface ObjectMetricSource extends Of<typeof ObjectMetricSource> {}

export const PodsMetricSource = struct("autoscaling.v2.PodsMetricSource", {
  metric: value(1, MetricIdentifier).required().doc("Which metric."),
  target: value(2, MetricTarget).required().doc("The value aimed at."),
});
export interface PodsMetricSource extends Of<typeof PodsMetricSource> {}

export const ResourceMetricSource = struct("autoscaling.v2.ResourceMetricSource", {
  name: string(1).required().notEmpty().doc("cpu or memory."),
  target: value(2, MetricTarget).required().doc("The value aimed at."),
});
export interface ResourceMetricSource extends Of<typeof ResourceMetricSource> {}

/** Where each type of metric says what it looks at. */
const SOURCES = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
  External: "external",
} as const;

const MEMBERS = Object.values(SOURCES);

export const MetricSpec = struct(
  "autoscaling.v2.MetricSpec",
  {
    type: string(1)
      .oneOf("Object", "Pods", "Resource", "ContainerResource", "External")
      .required()
      .notEmpty()
      .doc("Which of the sources is meant."),
    object: ref(2, ObjectMetricSource).doc("A metric of one object."),
    pods: ref(3, PodsMetricSource).doc("A metric of each pod, averaged."),
    resource: ref(4, ResourceMetricSource).doc("CPU or memory of the pods."),
    containerResource: ref(7, ContainerResourceMetricSource).doc(
      "CPU or memory of one container of the pods.",
    ),
    external: ref(5, ExternalMetricSource).doc("A metric from outside of the cluster."),
  },
  {
    *validate(metric, path) {
      const expected = SOURCES[metric.type];
      if (expected === undefined) return;
      for (const name of setMembers(metric, MEMBERS))
        if (name !== expected) yield forbidden(at(path, name), "must populate the given metric source only");
      if (metric[expected] === undefined)
        yield required(at(path, expected), "must populate information for the given metric source");
      yield* targetProblems(metric, path);
      yield* valueProblems(metric, path);
    },
  },
);
export interface MetricSpec extends Of<typeof MetricSpec> {}

interface ValueSources {
  readonly object?: ObjectMetricSource;
  readonly external?: ExternalMetricSource;
  readonly pods?: PodsMetricSource;
}

/** What is aimed at by metrics that have no requests to be a share of. */
function* valueProblems({ object, external, pods }: ValueSources, path: string): Iterable<FieldProblem> {
  const where = (name: string, member: string): string => at(path, `${name}.target.${member}`);
  if (pods && pods.target.averageValue === undefined)
    yield required(where("pods", "averageValue"), "must specify a positive target averageValue");
  if (object && object.target.value === undefined && object.target.averageValue === undefined)
    yield required(where("object", "averageValue"), "must set either a target value or averageValue");
  if (!external) return;
  const { value: amount, averageValue } = external.target;
  if (amount === undefined && averageValue === undefined)
    yield required(
      where("external", "averageValue"),
      "must set either a target value for metric or a per-pod target",
    );
  if (amount !== undefined && averageValue !== undefined)
    yield forbidden(
      where("external", "value"),
      "may not set both a target value for metric and a per-pod target",
    );
}

function* targetProblems(
  {
    resource,
    containerResource,
  }: {
    readonly resource?: ResourceMetricSource;
    readonly containerResource?: ContainerResourceMetricSource;
  },
  path: string,
): Iterable<FieldProblem> {
  for (const [name, source] of Object.entries({ resource, containerResource })) {
    if (!source) continue;
    const { averageUtilization, averageValue, value: amount } = source.target;
    const where = at(path, name);
    if (averageUtilization === undefined && averageValue === undefined)
      yield required(
        at(where, "target.averageUtilization"),
        "must set either a target raw value or a target utilization",
      );
    if (averageUtilization !== undefined && averageValue !== undefined)
      yield forbidden(
        at(where, "target.averageValue"),
        "may not set both a target raw value and a target utilization",
      );
    if (amount !== undefined)
      yield forbidden(
        at(where, "target.value"),
        "may not set both a target raw value and a target utilization",
      );
  }
}

export const HorizontalPodAutoscalerBehavior = struct("autoscaling.v2.HorizontalPodAutoscalerBehavior", {
  scaleUp: ref(1, HPAScalingRules).doc("Rules for more pods."),
  scaleDown: ref(2, HPAScalingRules).doc("Rules for fewer pods."),
});
export interface HorizontalPodAutoscalerBehavior extends Of<typeof HorizontalPodAutoscalerBehavior> {}

export const HorizontalPodAutoscalerSpec = struct("autoscaling.v2.HorizontalPodAutoscalerSpec", {
  scaleTargetRef: value(1, CrossVersionObjectReference).required().doc("What is scaled."),
  minReplicas: int32(2).pointer().default(1).doc("The fewest pods."),
  maxReplicas: int32(3).required().doc("The most pods."),
  metrics: list(4, MetricSpec).atomic().doc("What decides; the one that asks for most wins."),
  behavior: ref(5, HorizontalPodAutoscalerBehavior).doc("How fast it goes up and down."),
});
export interface HorizontalPodAutoscalerSpec extends Of<typeof HorizontalPodAutoscalerSpec> {}

export const ObjectMetricStatus = struct("autoscaling.v2.ObjectMetricStatus", {
  metric: value(1, MetricIdentifier).required().doc("Which metric."),
  current: value(2, MetricValueStatus).required().doc("The value measured."),
  describedObject: value(3, CrossVersionObjectReference).required().doc("The object that the metric is of."),
});
export interface ObjectMetricStatus extends Of<typeof ObjectMetricStatus> {}

export const PodsMetricStatus = struct("autoscaling.v2.PodsMetricStatus", {
  metric: value(1, MetricIdentifier).required().doc("Which metric."),
  current: value(2, MetricValueStatus).required().doc("The value measured."),
});
export interface PodsMetricStatus extends Of<typeof PodsMetricStatus> {}

export const ResourceMetricStatus = struct("autoscaling.v2.ResourceMetricStatus", {
  name: string(1).required().doc("cpu or memory."),
  current: value(2, MetricValueStatus).required().doc("The value measured."),
});
export interface ResourceMetricStatus extends Of<typeof ResourceMetricStatus> {}

export const MetricStatus = struct("autoscaling.v2.MetricStatus", {
  type: string(1).required().doc("Which of the sources is meant."),
  object: ref(2, ObjectMetricStatus).doc("A metric of one object."),
  pods: ref(3, PodsMetricStatus).doc("A metric of each pod, averaged."),
  resource: ref(4, ResourceMetricStatus).doc("CPU or memory of the pods."),
  containerResource: ref(7, ContainerResourceMetricStatus).doc("CPU or memory of one container of the pods."),
  external: ref(5, ExternalMetricStatus).doc("A metric from outside of the cluster."),
});
export interface MetricStatus extends Of<typeof MetricStatus> {}

export const HorizontalPodAutoscalerCondition = struct("autoscaling.v2.HorizontalPodAutoscalerCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface HorizontalPodAutoscalerCondition extends Of<typeof HorizontalPodAutoscalerCondition> {}

export const HorizontalPodAutoscalerStatus = struct("autoscaling.v2.HorizontalPodAutoscalerStatus", {
  observedGeneration: int64(1).pointer().doc("Generation of the object that this is about."),
  lastScaleTime: time(2).pointer().doc("When the number of pods was last changed."),
  currentReplicas: int32(3).doc("How many pods there are."),
  desiredReplicas: int32(4).required().doc("How many pods there should be."),
  currentMetrics: list(5, MetricStatus).always().atomic().doc("What was last measured."),
  conditions: list(6, HorizontalPodAutoscalerCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface HorizontalPodAutoscalerStatus extends Of<typeof HorizontalPodAutoscalerStatus> {}
