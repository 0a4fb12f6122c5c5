import type { Clock } from "#base/clock";
import type { AuditEvent } from "./audit-event.ts";

export interface BatchLimits {
  /** Events that may wait. */
  readonly bufferMax: number;
  /** Events of one batch. */
  readonly sizeMax: number;
  /** A batch that is not full is sent after this long. */
  readonly waitMs: number;
  /** Batches a second, and how many at once after a quiet time; absent: as many as come. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number };
}

/** Gathers events and hands them on, batch after batch, in order. */
export class Batches {
  readonly #limits: BatchLimits;
  readonly #clock: Clock;
  readonly #send: (events: readonly AuditEvent[]) => Promise<void>;
  #waiting: AuditEvent[] = [];
  #cancelWait: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  /** Batches that may go at once. */
  #tokens: number;
  #countedAt: number;

  /** `send` never rejects. */
  constructor(limits: BatchLimits, clock: Clock, send: (events: readonly AuditEvent[]) => Promise<void>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#send = send;
    this.#tokens = limits.throttle?.burst ?? 0;
    this.#countedAt = clock.monotonic();
  }

  /** False: there is no room. */
  add(event: AuditEvent): boolean {
    const { bufferMax, sizeMax, waitMs } = this.#limits;
    if (this.#closed || this.#waiting.length >= bufferMax) return false;
    this.#waiting.push(event);
    if (this.#waiting.length >= sizeMax) this.#start();
    else this.#cancelWait ??= this.#clock.after(waitMs, () => this.#start());
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#start();
    await this.#sending;
  }

  #start(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#sending ??= this.#run().finally(() => {
      this.#sending = undefined;
      // What came meanwhile waits for company, as what came before did.
      if (this.#waiting.length > 0)
        this.#cancelWait ??= this.#clock.after(this.#limits.waitMs, () => this.#start());
    });
  }

  async #run(): Promise<void> {
    const { sizeMax } = this.#limits;
    do {
      await this.#turn();
      const batch = this.#waiting.splice(0, sizeMax);
      if (batch.length > 0) await this.#send(batch);
    } while (this.#waiting.length >= sizeMax || (this.#closed && this.#waiting.length > 0));
  }

  /** Waits until one more batch may go. Closing does not wait. */
  async #turn(): Promise<void> {
    const { throttle } = this.#limits;
    if (!throttle) return;
    for (;;) {
      const now = this.#clock.monotonic();
      const earned = ((now - this.#countedAt) / 1000) * throttle.perSecond;
      this.#tokens = Math.min(throttle.burst, this.#tokens + earned);
      this.#countedAt = now;
      if (this.#tokens >= 1 || this.#closed) break;
      const missingMs = ((1 - this.#tokens) / throttle.perSecond) * 1000;
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(Math.ceil(missingMs), resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#tokens = Math.max(0, this.#tokens - 1);
  }
}
