import type { Registry } from "prom-client";
import { Histogram } from "../instruments/histogram.ts";
import { type Labels, type Sample, register } from "../instruments/instrument.ts";

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** Objects are changed first, and then checked. */
export type AdmissionType = "admit" | "validate";

/** What of admission took how long. */
export interface Timed {
  /** Of the plugin; undefined for all of them together. */
  readonly name?: string;
  readonly type: AdmissionType;
  readonly operation: string;
  readonly rejected: boolean;
}

interface Series {
  readonly labels: Labels;
  readonly seconds: Histogram;
}

/** How long admission takes, plugin by plugin and as a whole. */
export class AdmissionMetrics {
  readonly #plugins = new Map<string, Series>();
  readonly #steps = new Map<string, Series>();

  observe({ name, type, operation, rejected }: Timed, tookMs: number): void {
    const all = name === undefined ? this.#steps : this.#plugins;
    const key = `${name} ${type} ${operation} ${rejected}`;
    let series = all.get(key);
    if (!series) {
      const labels = {
        ...(name === undefined ? {} : { name }),
        operation,
        rejected: String(rejected),
        type,
      };
      series = { labels, seconds: new Histogram(SECONDS) };
      all.set(key, series);
    }
    series.seconds.observe(tookMs / 1000);
  }

  register(registry: Registry): void {
    const samples = (all: ReadonlyMap<string, Series>) =>
      function* (): Generator<Sample> {
        for (const { labels, seconds } of all.values()) yield { labels, value: seconds };
      };
    register(registry, {
      name: "apiserver_admission_controller_admission_duration_seconds",
      help: "Seconds that one admission plugin took.",
      type: "histogram",
      samples: samples(this.#plugins),
    });
    register(registry, {
      name: "apiserver_admission_step_admission_duration_seconds",
      help: "Seconds that all admission plugins took, to change an object or to check it.",
      type: "histogram",
      samples: samples(this.#steps),
    });
  }
}
