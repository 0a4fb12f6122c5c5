import { Counter, Gauge, type Registry } from "prom-client";
import type { Availability } from "./availability.ts";

/** Which API services do not answer, and how often one has ceased to. */
export class AggregationMetrics {
  readonly #unavailable: Gauge<"name">;
  readonly #ceased: Counter<"name" | "reason">;
  readonly #known = new Map<string, string>();

  constructor(registry: Registry) {
    this.#unavailable = new Gauge({
      name: "aggregator_unavailable_apiservice",
      help: "Whether an API service does not answer, by its name.",
      labelNames: ["name"],
      registers: [registry],
    });
    this.#ceased = new Counter({
      name: "aggregator_unavailable_apiservice_total",
      help: "How often API services were found not to answer, by name and reason.",
      labelNames: ["name", "reason"],
      registers: [registry],
    });
  }

  found(name: string, { status, reason }: Availability): void {
    this.#unavailable.set({ name }, status === "True" ? 0 : 1);
    if (status === "False" && this.#known.get(name) !== reason) this.#ceased.inc({ name, reason });
    this.#known.set(name, status === "True" ? "" : reason);
  }

  forget(name: string): void {
    this.#unavailable.remove({ name });
    this.#known.delete(name);
  }
}
