import type { Metric, Registry } from "prom-client";
import type { Histogram } from "./histogram.ts";

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number | Histogram;
}

export interface Instrument {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Called when somebody reads: what is counted is plain numbers until then. */
  readonly samples: () => Iterable<Sample> | Promise<Iterable<Sample>>;
}

interface Row {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

/** Shows numbers that are kept elsewhere among the metrics of the registry. */
export function register(registry: Registry, { name, help, type, samples }: Instrument): void {
  const shown = {
    name,
    get: async () => ({ name, help, type, values: [...rowsOf(name, await samples())] }),
  };
  // The registry's type names its own classes; what it does needs a name and `get`.
  registry.registerMetric(shown as unknown as Metric);
}

function* rowsOf(name: string, samples: Iterable<Sample>): Generator<Row> {
  for (const { labels, value } of samples) {
    if (typeof value === "number") yield { labels, value };
    else yield* bucketsOf(name, labels, value);
  }
}

function* bucketsOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Generator<Row> {
  let count = 0;
  for (const [index, bound] of [...bounds, "+Inf"].entries()) {
    count += counts[index]!;
    yield { labels: { le: bound, ...labels }, value: count, metricName: `${name}_bucket` };
  }
  yield { labels, value: sum, metricName: `${name}_sum` };
  yield { labels, value: count, metricName: `${name}_count` };
}
