import { Counter, Histogram, type Registry } from "prom-client";
import type { Operation } from "../../contracts.ts";

export type WebhookType = "admit" | "validating";

/** Why a request was refused: the webhook said so, could not be asked, or the server failed. */
export type RejectionCause = "no_error" | "calling_webhook_error" | "apiserver_internal_error";

const BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];

/** What webhooks cost and refuse. */
export class WebhookMetrics {
  readonly #durations: Histogram<"name" | "type" | "operation" | "rejected">;
  readonly #requests: Counter<"name" | "type" | "operation" | "code" | "rejected">;
  readonly #rejections: Counter<"name" | "type" | "operation" | "error_type" | "rejection_code">;
  readonly #open: Counter<"name" | "type">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#durations = new Histogram({
      name: "apiserver_admission_webhook_admission_duration_seconds",
      help: "Seconds until a webhook had answered.",
      labelNames: ["name", "type", "operation", "rejected"],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#requests = new Counter({
      name: "apiserver_admission_webhook_request_total",
      help: "Calls of webhooks.",
      labelNames: ["name", "type", "operation", "code", "rejected"],
      registers,
    });
    this.#rejections = new Counter({
      name: "apiserver_admission_webhook_rejection_count",
      help: "Requests that were refused at a webhook, and why.",
      labelNames: ["name", "type", "operation", "error_type", "rejection_code"],
      registers,
    });
    this.#open = new Counter({
      name: "apiserver_admission_webhook_fail_open_count",
      help: "Calls that failed and were passed over.",
      labelNames: ["name", "type"],
      registers,
    });
  }

  called(
    name: string,
    type: WebhookType,
    operation: Operation,
    {
      tookMs,
      code,
      rejected,
    }: { readonly tookMs: number; readonly code: number; readonly rejected: boolean },
  ): void {
    const labels = { name, type, operation, rejected: String(rejected) };
    this.#durations.observe(labels, tookMs / 1000);
    this.#requests.inc({ ...labels, code: String(code) });
  }

  rejected(name: string, type: WebhookType, operation: Operation, cause: RejectionCause, code: number): void {
    this.#rejections.inc({ name, type, operation, error_type: cause, rejection_code: String(code) });
  }

  failedOpen(name: string, type: WebhookType): void {
    this.#open.inc({ name, type });
  }
}
