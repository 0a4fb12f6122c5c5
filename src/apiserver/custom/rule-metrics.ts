import type { Clock } from "#base/clock";
import { histogram, type Measures, type Meter } from "#base/measures";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const COMPILATION = histogram(
  "apiserver_cel_compilation_duration_seconds",
  "How long making the rules of a custom kind ready took, in seconds.",
  SECONDS,
);
const EVALUATION = histogram(
  "apiserver_cel_evaluation_duration_seconds",
  "How long holding the rules of its kind against an object took, in seconds.",
  SECONDS,
);

/** Runs what it is given, and may look at how long that takes. */
export interface RuleTiming {
  readonly compiling: <T>(work: () => T) => T;
  readonly evaluating: <T>(work: () => T) => T;
}

const run = <T>(work: () => T): T => work();
export const untimed: RuleTiming = { compiling: run, evaluating: run };

/** What rules in CEL cost. Kinds without rules cost nothing here. */
export class RuleMetrics implements RuleTiming {
  readonly #clock: Clock;
  readonly #compilation: Meter;
  readonly #evaluation: Meter;

  constructor(measures: Measures, clock: Clock) {
    this.#clock = clock;
    this.#compilation = measures.meter(COMPILATION);
    this.#evaluation = measures.meter(EVALUATION);
  }

  readonly compiling = <T>(work: () => T): T => this.#timed(this.#compilation, work);
  readonly evaluating = <T>(work: () => T): T => this.#timed(this.#evaluation, work);

  #timed<T>(meter: Meter, work: () => T): T {
    const startMs = this.#clock.monotonic();
    try {
      return work();
    } finally {
      meter.add((this.#clock.monotonic() - startMs) / 1000);
    }
  }
}
