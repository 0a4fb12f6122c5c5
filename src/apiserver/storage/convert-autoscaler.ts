import type { Members, Values } from "./conversions.ts";

const METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics";

interface Metric {
  readonly type: string;
  readonly resource?: {
    readonly name: string;
    readonly target?: { readonly type: string; readonly averageUtilization?: number };
    readonly current?: { readonly averageUtilization?: number };
  };
}

const isCpu = ({ type, resource }: Metric): boolean => type === "Resource" && resource?.name === "cpu";
const isCpuTarget = (metric: Metric): boolean =>
  isCpu(metric) && metric.resource?.target?.type === "Utilization";

/** `autoscaling/v1` knows one target, the use of CPU. What else there is travels in annotations. */
export const autoscalerConversion: Members = {
  fromStored(object) {
    const { metrics = [], behavior, ...spec } = object.spec as Values & { metrics?: readonly Metric[] };
    const {
      conditions,
      currentMetrics = [],
      ...status
    } = (object.status ?? {}) as Values & {
      currentMetrics?: readonly Metric[];
    };
    const cpu = metrics.find(isCpuTarget)?.resource?.target?.averageUtilization;
    const current = currentMetrics.find(isCpu)?.resource?.current?.averageUtilization;
    const others = metrics.filter((metric) => !isCpuTarget(metric));
    return {
      ...object,
      metadata: annotated(object.metadata as Values, {
        [METRICS]: textOf(others),
        [BEHAVIOR]: textOf(behavior),
        [CONDITIONS]: textOf(conditions),
        [CURRENT_METRICS]: textOf(currentMetrics.filter((metric) => !isCpu(metric))),
      }),
      spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
      status: { ...status, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) },
    };
  },

  toStored(object) {
    const { targetCPUUtilizationPercentage: cpu, ...spec } = object.spec as Values;
    const { currentCPUUtilizationPercentage: current, ...status } = (object.status ?? {}) as Values;
    const { annotations = {} } = object.metadata as { annotations?: Readonly<Record<string, string>> };
    const target = { type: "Utilization", averageUtilization: cpu };
    const metrics = [
      ...(cpu === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", target } }]),
      ...listIn(annotations[METRICS]),
    ];
    const currentMetrics = [
      ...(current === undefined
        ? []
        : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }]),
      ...listIn(annotations[CURRENT_METRICS]),
    ];
    const behavior = valueIn(annotations[BEHAVIOR]);
    return {
      ...object,
      metadata: annotated(object.metadata as Values, {
        [METRICS]: undefined,
        [BEHAVIOR]: undefined,
        [CONDITIONS]: undefined,
        [CURRENT_METRICS]: undefined,
      }),
      spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
      status: {
        ...status,
        conditions: listIn(annotations[CONDITIONS]),
        ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
      },
    };
  },
};

const textOf = (value: unknown): string | undefined =>
  value === undefined || (Array.isArray(value) && value.length === 0) ? undefined : JSON.stringify(value);

/** A client may have written anything there; what cannot be read says nothing. */
function valueIn(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listIn(text: string | undefined): readonly unknown[] {
  const value = valueIn(text);
  return Array.isArray(value) ? value : [];
}

function annotated(metadata: Values, changes: Readonly<Record<string, string | undefined>>): Values {
  const annotations = { ...(metadata.annotations as Record<string, string> | undefined) };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete annotations[key];
    else annotations[key] = value;
  }
  return { ...metadata, annotations };
}
