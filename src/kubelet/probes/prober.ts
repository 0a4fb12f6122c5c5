import type { CancelTimer, Clock } from "#base/clock";
import type { Probe } from "../pod/spec.ts";
import type { ProbeAnswer } from "./http-probe.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";

export interface ProberOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  /** When the container started; epoch milliseconds. */
  readonly startedAtMs: number;
  run(): Promise<ProbeAnswer>;
  /** Called when the probe's verdict is there for the first time, and whenever it changes. */
  onVerdict(good: boolean, output: string): void;
  /** Called for every attempt that failed. */
  onFailure(output: string): void;
}

/** Runs one probe of one container again and again, and counts until a threshold is reached. */
export class Prober {
  readonly #options: ProberOptions;
  #cancel: CancelTimer | undefined;
  #stopped = false;
  #verdict: boolean | undefined;
  #streak = { good: true, length: 0 };

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  start(): void {
    const { probe, clock, startedAtMs } = this.#options;
    const firstMs = startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000;
    this.#in(firstMs - clock.now());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #in(delayMs: number): void {
    this.#cancel = this.#options.clock.after(Math.max(0, delayMs), () => void this.#attempt());
  }

  async #attempt(): Promise<void> {
    const { clock, probe } = this.#options;
    const beganMs = clock.monotonic();
    const { success, output } = await this.#options.run();
    if (this.#stopped) return;
    this.#count(success, output);
    if (this.#stopped) return;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    this.#in(periodMs - (clock.monotonic() - beganMs));
  }

  #count(good: boolean, output: string): void {
    const { probe, onVerdict, onFailure } = this.#options;
    if (!good) onFailure(output);
    this.#streak = { good, length: this.#streak.good === good ? this.#streak.length + 1 : 1 };
    const threshold = good ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#streak.length < threshold || this.#verdict === good) return;
    this.#verdict = good;
    onVerdict(good, output);
  }
}
