import { Counter, Histogram, type Registry } from "prom-client";

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CONDITION_BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

const TYPE = "Webhook";

/** What authorization webhooks cost, and how often they fail. */
export class WebhookAuthorizerMetrics {
  readonly #evaluations: Counter<"name" | "result">;
  readonly #durations: Histogram<"name" | "result">;
  readonly #open: Counter<"name" | "result">;
  readonly #conditionErrors: Counter<"name" | "type">;
  readonly #exclusions: Counter<"name" | "type">;
  readonly #conditionDurations: Histogram<"name" | "type">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#evaluations = new Counter({
      name: "apiserver_authorization_webhook_evaluations_total",
      help: "Questions to authorization webhooks.",
      labelNames: ["name", "result"],
      registers,
    });
    this.#durations = new Histogram({
      name: "apiserver_authorization_webhook_duration_seconds",
      help: "Seconds until an authorization webhook had answered.",
      labelNames: ["name", "result"],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#open = new Counter({
      name: "apiserver_authorization_webhook_evaluations_fail_open_total",
      help: "Questions that failed and were passed over.",
      labelNames: ["name", "result"],
      registers,
    });
    this.#conditionErrors = new Counter({
      name: "apiserver_authorization_match_condition_evaluation_errors_total",
      help: "Conditions of authorization webhooks that could not be evaluated.",
      labelNames: ["name", "type"],
      registers,
    });
    this.#exclusions = new Counter({
      name: "apiserver_authorization_match_condition_exclusions_total",
      help: "Requests that are none of a webhook's business, by its conditions.",
      labelNames: ["name", "type"],
      registers,
    });
    this.#conditionDurations = new Histogram({
      name: "apiserver_authorization_match_condition_evaluation_seconds",
      help: "Seconds until the conditions of an authorization webhook were evaluated.",
      labelNames: ["name", "type"],
      buckets: CONDITION_BUCKETS_SECONDS,
      registers,
    });
  }

  evaluated(name: string, result: "success" | "error", tookMs: number): void {
    this.#evaluations.inc({ name, result });
    this.#durations.observe({ name, result }, tookMs / 1000);
  }

  failedOpen(name: string): void {
    this.#open.inc({ name, result: "error" });
  }

  conditionsEvaluated(
    name: string,
    tookMs: number,
    { isExcluded, failed }: { readonly isExcluded: boolean; readonly failed: boolean },
  ): void {
    this.#conditionDurations.observe({ name, type: TYPE }, tookMs / 1000);
    if (isExcluded) this.#exclusions.inc({ name, type: TYPE });
    else if (failed) this.#conditionErrors.inc({ name, type: TYPE });
  }
}
