import type { Registry } from "prom-client";
import { Histogram } from "../instruments/histogram.ts";
import { type Labels, type Sample, register } from "../instruments/instrument.ts";

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** Objects are changed first, and then checked. */
export type AdmissionType = "admit" | "validate";

/** What of admission took how long. */
export interface Timed {
  /** Of the plugin; empty for all of them together. */
  readonly name: string;
  readonly type: AdmissionType;
  readonly operation: string;
  readonly rejected: boolean;
}

interface Series {
  readonly labels: Labels;
  readonly seconds: Histogram;
}

/** Of one plugin: by operation, and there by type and outcome. A write counts some ten of them: no names are put together. */
type ByOperation = Map<string, (Series | undefined)[]>;

/** How long admission takes, plugin by plugin and as a whole. */
export class AdmissionMetrics {
  readonly #steps: ByOperation = new Map();
  readonly #plugins = new Map<string, ByOperation>();

  observe(timed: Timed, tookMs: number): void {
    const operations = this.#operationsOf(timed.name);
    let all = operations.get(timed.operation);
    if (!all) operations.set(timed.operation, (all = [undefined, undefined, undefined, undefined]));
    const at = (timed.type === "admit" ? 0 : 2) + (timed.rejected ? 1 : 0);
    (all[at] ??= seriesOf(timed)).seconds.observe(tookMs / 1000);
  }

  #operationsOf(name: string): ByOperation {
    if (name === "") return this.#steps;
    let operations = this.#plugins.get(name);
    if (!operations) this.#plugins.set(name, (operations = new Map()));
    return operations;
  }

  register(registry: Registry): void {
    const [steps, plugins] = [this.#steps, this.#plugins];
    register(registry, {
      name: "apiserver_admission_controller_admission_duration_seconds",
      help: "Seconds that one admission plugin took.",
      type: "histogram",
      *samples() {
        for (const operations of plugins.values()) yield* samplesOf(operations);
      },
    });
    register(registry, {
      name: "apiserver_admission_step_admission_duration_seconds",
      help: "Seconds that all admission plugins took, to change an object or to check it.",
      type: "histogram",
      samples: () => samplesOf(steps),
    });
  }
}

const seriesOf = ({ name, type, operation, rejected }: Timed): Series => ({
  labels: { ...(name === "" ? {} : { name }), operation, rejected: String(rejected), type },
  seconds: new Histogram(SECONDS),
});

function* samplesOf(operations: ByOperation): Generator<Sample> {
  for (const all of operations.values())
    for (const series of all) if (series) yield { labels: series.labels, value: series.seconds };
}
