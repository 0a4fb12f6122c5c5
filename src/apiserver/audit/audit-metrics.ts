import { Counter, type Registry } from "prom-client";
import type { AuditLevel } from "./policy.ts";

/** Counts of what goes on record, under upstream's names. */
export class AuditMetrics {
  readonly #events = new Counter({
    name: "apiserver_audit_event_total",
    help: "Events made.",
    registers: [],
  });
  readonly #errors = new Counter({
    name: "apiserver_audit_error_total",
    help: "Events lost, by the way they should have gone.",
    labelNames: ["plugin"] as const,
    registers: [],
  });
  readonly #levels = new Counter({
    name: "apiserver_audit_level_total",
    help: "Requests by how much of them goes on record.",
    labelNames: ["level"] as const,
    registers: [],
  });
  readonly #refused = new Counter({
    name: "apiserver_audit_requests_rejected_total",
    help: "Requests refused because they could not be put on record.",
    registers: [],
  });
  // Finding a series by its label costs more than counting.
  readonly #byLevel = new Map<AuditLevel, { inc(): void }>();

  register(registry: Registry): void {
    registry.registerMetric(this.#events);
    registry.registerMetric(this.#errors);
    registry.registerMetric(this.#levels);
    registry.registerMetric(this.#refused);
  }

  decided(level: AuditLevel): void {
    let series = this.#byLevel.get(level);
    if (!series) this.#byLevel.set(level, (series = this.#levels.labels({ level })));
    series.inc();
  }

  recorded(): void {
    this.#events.inc();
  }

  lost(plugin: string, events: number): void {
    this.#errors.inc({ plugin }, events);
  }

  refused(): void {
    this.#refused.inc();
  }
}
