/** What Prometheus reads from a kubelet. */
import { Gauge, Histogram, Registry } from "prom-client";
import { parseTime } from "#machinery/time";
import type { PodManager } from "../pod/pod-manager.ts";
import type { Summary } from "./summary.ts";

/** Seconds, from a quick start to one that waits for a large image. */
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 300, 600];

/** The kubelet's own metrics. */
export class KubeletMetrics {
  readonly registry = new Registry();
  readonly #podStart: Histogram;

  constructor() {
    this.#podStart = new Histogram({
      name: "kubelet_pod_start_duration_seconds",
      help: "Time from when the kubelet first saw a pod until it ran",
      buckets: START_BUCKETS,
      registers: [this.registry],
    });
  }

  /** A pod runs that this kubelet has started. */
  podStarted(seconds: number): void {
    this.#podStart.observe(seconds);
  }

  /** Counts what is there whenever it is asked. */
  watch(pods: PodManager, nodeName: string): void {
    const { registry } = this;
    const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
      new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          collect(this);
        },
      });
    gauge("kubelet_node_name", "The node's name; the value is always 1", ["node"], (one) =>
      one.set({ node: nodeName }, 1),
    );
    gauge("kubelet_running_pods", "Pods that have a running sandbox", [], (one) => {
      const running = [...pods.workers].filter(({ runtime }) => runtime.sandboxes[0]?.ready);
      one.set(running.length);
    });
    gauge("kubelet_running_containers", "Containers by their state", ["container_state"], (one) => {
      const counts = { running: 0, exited: 0, created: 0, unknown: 0 };
      for (const { runtime } of pods.workers) for (const { state } of runtime.containers) counts[state]++;
      for (const [state, count] of Object.entries(counts)) one.set({ container_state: state }, count);
    });
  }
}

/** CPU and memory of node, pods and containers in text form, as autoscaling reads them. */
export function resourceMetrics({ node, pods }: Summary): string {
  const families: Family[] = [
    family("node_cpu_usage_seconds_total", "counter", [[{}, node.cpu.usageCoreNanoSeconds / 1e9]]),
    family("node_memory_working_set_bytes", "gauge", [[{}, node.memory.workingSetBytes]]),
  ];
  const ofPods = pods.map((pod) => ({
    pod,
    labels: { namespace: pod.podRef.namespace, pod: pod.podRef.name },
  }));
  families.push(
    family(
      "pod_cpu_usage_seconds_total",
      "counter",
      ofPods.map(({ pod, labels }) => [labels, pod.cpu.usageCoreNanoSeconds / 1e9]),
    ),
    family(
      "pod_memory_working_set_bytes",
      "gauge",
      ofPods.map(({ pod, labels }) => [labels, pod.memory.workingSetBytes]),
    ),
  );
  const containers = ofPods.flatMap(({ pod, labels }) =>
    pod.containers.map((use) => ({ use, labels: { container: use.name, ...labels } })),
  );
  families.push(
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      containers.map(({ use, labels }) => [labels, use.cpu.usageCoreNanoSeconds / 1e9]),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      containers.map(({ use, labels }) => [labels, use.memory.workingSetBytes]),
    ),
    family(
      "container_start_time_seconds",
      "gauge",
      containers.map(({ use, labels }) => [labels, parseTime(use.startTime) / 1000]),
    ),
    family("scrape_error", "gauge", [[{}, 0]]),
  );
  return families.map(textOf).join("");
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly Sample[];
}

const family = (name: string, type: Family["type"], samples: readonly Sample[]): Family => ({
  name,
  type,
  samples,
});

function textOf({ name, type, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${HELP[name]}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

const HELP: Readonly<Record<string, string>> = {
  node_cpu_usage_seconds_total: "CPU time that the node has used, in core seconds",
  node_memory_working_set_bytes: "Memory that the node uses and cannot drop",
  pod_cpu_usage_seconds_total: "CPU time that the pod has used, in core seconds",
  pod_memory_working_set_bytes: "Memory that the pod uses and cannot drop",
  container_cpu_usage_seconds_total: "CPU time that the container has used, in core seconds",
  container_memory_working_set_bytes: "Memory that the container uses and cannot drop",
  container_start_time_seconds: "When the container started, in seconds since 1970",
  scrape_error: "1 when the figures could not be read",
};
