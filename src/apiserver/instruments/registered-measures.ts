import type { Registry } from "prom-client";
import type { Gauge, Labels, Measure, Measures, Meter, Reading } from "#base/measures";
import { Histogram } from "./histogram.ts";
import { register, type Sample } from "./instrument.ts";

interface Line extends Meter {
  readonly labels: Labels;
  readonly value: number | Histogram;
}

/** Shows what other parts of the process measure among the metrics of this registry, each from its first use on. */
export class RegisteredMeasures implements Measures {
  readonly #registry: Registry;
  readonly #lines = new Map<string, Map<string, Line>>();
  readonly #gauges = new Map<string, Set<() => Iterable<Reading>>>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  meter(measure: Measure, labels: Labels = {}): Meter {
    let lines = this.#lines.get(measure.name);
    if (!lines) this.#lines.set(measure.name, (lines = this.#show(measure)));
    const key = Object.values(labels).join("\n");
    let line = lines.get(key);
    if (!line) lines.set(key, (line = lineOf(measure, labels)));
    return line;
  }

  watch(gauge: Gauge, read: () => Iterable<Reading>): () => void {
    let reads = this.#gauges.get(gauge.name);
    if (!reads) this.#gauges.set(gauge.name, (reads = this.#showGauge(gauge)));
    reads.add(read);
    const shown = reads;
    return () => void shown.delete(read);
  }

  #show({ name, help, type }: Measure): Map<string, Line> {
    const lines = new Map<string, Line>();
    register(this.#registry, { name, help, type, samples: () => lines.values() });
    return lines;
  }

  #showGauge({ name, help }: Gauge): Set<() => Iterable<Reading>> {
    const reads = new Set<() => Iterable<Reading>>();
    // Of two that read the same, as when one comes after the other and that is not quite over, the later one counts.
    const samples = (): Iterable<Sample> => {
      const latest = new Map<string, Sample>();
      for (const read of reads)
        for (const reading of read()) latest.set(Object.values(reading.labels ?? {}).join("\n"), reading);
      return latest.values();
    };
    register(this.#registry, { name, help, type: "gauge", samples });
    return reads;
  }
}

function lineOf({ type, bounds = [] }: Measure, labels: Labels): Line {
  if (type === "histogram") {
    const value = new Histogram(bounds);
    return { labels, value, add: (one) => value.observe(one) };
  }
  const line = { labels, value: 0, add: (more: number) => void (line.value += more) };
  return line;
}
