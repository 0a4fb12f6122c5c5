import { readFile } from "node:fs/promises";

/** The kernel counts CPU time in hundredths of a second. */
const NANOS_PER_TICK = 10_000_000;

/** CPU time that the whole machine has used since it started, in nanoseconds. */
export async function readCpuNanos(): Promise<number> {
  const [total = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = total
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * NANOS_PER_TICK;
}

interface Reading {
  readonly nanos: number;
  readonly atMs: number;
  readonly rate: number;
}

/** Readings closer together than this say nothing about a rate. */
const INTERVAL_MIN_MS = 500;
const READINGS_MAX = 10_000;

/** Turns growing CPU times into rates, from one look to the next. */
export class CpuMeter {
  readonly #readings = new Map<string, Reading>();

  /** Thousand-millionths of a CPU in use; 0 at the first look. */
  rate(key: string, nanos: number, nowMs: number): number {
    const before = this.#readings.get(key);
    if (before && nowMs - before.atMs < INTERVAL_MIN_MS) return before.rate;
    const rate = before
      ? Math.max(0, Math.round((nanos - before.nanos) / ((nowMs - before.atMs) / 1000)))
      : 0;
    // What was measured last stands at the end; what was not for long goes first.
    this.#readings.delete(key);
    this.#readings.set(key, { nanos, atMs: nowMs, rate });
    if (this.#readings.size > READINGS_MAX) this.#readings.delete(this.#readings.keys().next().value!);
    return rate;
  }
}
