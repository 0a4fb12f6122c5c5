import { firstFew, NONE, UNKNOWN } from "#api/columns";
import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "./horizontalpodautoscalerspec.ts";

const UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};

const DOWN: HPAScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

/** What is not said about scaling up and down follows the usual pace. */
export const behaviorDefaults = ({
  scaleUp,
  scaleDown,
}: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior => ({
  scaleUp: { ...UP, ...scaleUp },
  scaleDown: { ...DOWN, ...scaleDown },
});

const SHOWN_MAX = 2;

/** `cpu: 12%/80%`: what is measured, and what is wanted. */
export function targetsText(wanted: readonly MetricSpec[], measured: readonly MetricStatus[]): string {
  if (wanted.length === 0) return NONE;
  const texts = wanted.map((metric, index) => targetText(metric, measured[index]));
  const shown = firstFew(texts, SHOWN_MAX, ", ");
  return shown;
}

function targetText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case "Pods":
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods?.target.averageValue ?? UNKNOWN}`;
    case "Object":
      return valueText(metric.object?.target, status?.object?.current);
    case "External":
      return valueText(metric.external?.target, status?.external?.current);
    case "Resource":
      return resourceText(metric.resource?.name, metric.resource?.target, status?.resource?.current);
    case "ContainerResource":
      return resourceText(
        metric.containerResource?.name,
        metric.containerResource?.target,
        status?.containerResource?.current,
      );
  }
}

function valueText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined)
    return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? UNKNOWN}`;
}

function resourceText(
  name: string | undefined,
  target: MetricTarget | undefined,
  current: MetricValueStatus | undefined,
): string {
  if (target?.averageValue !== undefined)
    return `${name}: ${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const percent = (share: number | undefined): string => (share === undefined ? UNKNOWN : `${share}%`);
  const wanted = target?.averageUtilization === undefined ? "<auto>" : percent(target.averageUtilization);
  return `${name}: ${percent(current?.averageUtilization)}/${wanted}`;
}
