import { Counter, Histogram, type Registry } from "prom-client";

/** Whose conditions they are. */
export interface ConditionOwner {
  readonly name: string;
  readonly kind: "webhook" | "policy";
  readonly type: "admit" | "validate";
}

const LABELS = ["name", "kind", "type", "operation"] as const;
const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** What the conditions of webhooks and policies cost, leave out and cannot tell. */
export class ConditionMetrics {
  readonly #durations: Histogram<(typeof LABELS)[number]>;
  readonly #exclusions: Counter<(typeof LABELS)[number]>;
  readonly #errors: Counter<(typeof LABELS)[number]>;

  constructor(registry: Registry) {
    const common = { labelNames: LABELS, registers: [registry] };
    this.#durations = new Histogram({
      ...common,
      name: "apiserver_admission_match_condition_evaluation_seconds",
      help: "Seconds that all conditions of a webhook or a policy took.",
      buckets: BUCKETS_SECONDS,
    });
    this.#exclusions = new Counter({
      ...common,
      name: "apiserver_admission_match_condition_exclusions_total",
      help: "Requests that webhooks and policies had no say in since a condition did not hold.",
    });
    this.#errors = new Counter({
      ...common,
      name: "apiserver_admission_match_condition_evaluation_errors_total",
      help: "Conditions that could not be evaluated.",
    });
  }

  evaluated(owner: ConditionOwner, operation: string, held: boolean | string, tookMs: number): void {
    const labels = { ...owner, operation };
    this.#durations.observe(labels, tookMs / 1000);
    if (held === false) this.#exclusions.inc(labels);
    else if (held !== true) this.#errors.inc(labels);
  }
}
