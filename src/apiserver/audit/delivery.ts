/** How events get from requests to a place that takes several at once: together or one by one, waited for or not. */
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { AuditEvent } from "./audit-event.ts";
import type { AuditSink } from "./audit-log.ts";
import type { AuditMetrics } from "./audit-metrics.ts";
import { type BatchLimits, Batches } from "./batches.ts";

const log = logger("audit");

/** `blocking`: requests wait until they are on record; `blocking-strict`: those that cannot be are refused. */
export type AuditMode = "batch" | "blocking" | "blocking-strict";

/** Bytes of JSON. */
export interface TruncateLimits {
  readonly batchBytesMax: number;
  readonly eventBytesMax: number;
}

export interface DeliveryOptions {
  /** `log` or `webhook`, for counts. */
  readonly name: string;
  readonly mode: AuditMode;
  readonly batch: BatchLimits;
  /** Absent: events are as large as they are. */
  readonly truncate?: TruncateLimits;
  readonly clock: Clock;
  readonly metrics: AuditMetrics;
}

/** Takes all of them, or rejects. */
export type Deliver = (events: readonly AuditEvent[]) => Promise<void>;

export class Delivery implements AuditSink {
  readonly #options: DeliveryOptions;
  readonly #deliver: Deliver;
  readonly #batches: Batches | undefined;

  constructor(options: DeliveryOptions, deliver: Deliver) {
    this.#options = options;
    this.#deliver = deliver;
    if (options.mode !== "batch") return;
    this.#batches = new Batches(options.batch, options.clock, (events) => this.#send(events));
  }

  write(event: AuditEvent): void | Promise<void> {
    const { mode } = this.#options;
    const fitting = this.#fitting(event);
    if (!fitting) return undefined;
    if (this.#batches) {
      if (!this.#batches.add(fitting)) this.#lost(1, new Error("too many events wait to be delivered"));
      return undefined;
    }
    const sent = this.#deliver([fitting]).catch((error: unknown) => {
      this.#lost(1, asError(error));
      throw error;
    });
    return mode === "blocking" ? sent.catch(() => undefined) : sent;
  }

  /** What waits is delivered, or given up. */
  async close(): Promise<void> {
    await this.#batches?.close();
  }

  async #send(events: readonly AuditEvent[]): Promise<void> {
    for (const part of this.#parts(events)) {
      await this.#deliver(part).catch((error: unknown) => this.#lost(part.length, asError(error)));
    }
  }

  /** As many at once as one delivery may hold. */
  #parts(events: readonly AuditEvent[]): readonly (readonly AuditEvent[])[] {
    const { batchBytesMax = Infinity } = this.#options.truncate ?? {};
    const parts: AuditEvent[][] = [];
    let bytes = Infinity;
    for (const event of events) {
      const size = batchBytesMax === Infinity ? 0 : sizeOf(event);
      if (bytes + size > batchBytesMax || parts.length === 0) {
        parts.push([]);
        bytes = 0;
      }
      parts.at(-1)!.push(event);
      bytes += size;
    }
    return parts;
  }

  #fitting(event: AuditEvent): AuditEvent | undefined {
    const { truncate } = this.#options;
    if (!truncate || sizeOf(event) <= truncate.eventBytesMax) return event;
    const smaller = event.withoutObjects();
    if (sizeOf(smaller) <= truncate.eventBytesMax) return smaller;
    this.#lost(1, new Error(`an event is too large even without its objects: ${event.fields.auditID}`));
    return undefined;
  }

  #lost(events: number, error: Error): void {
    const { name, metrics } = this.#options;
    metrics.lost(name, events);
    log.error("requests did not go on record", { way: name, events, error });
  }
}

const sizeOf = ({ json }: AuditEvent): number => Buffer.byteLength(json);
