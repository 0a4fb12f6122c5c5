import { cpuMicros } from "../proc.ts";

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the process under load, for each request. */
  readonly cpuMicros: number;
}

export interface LoadOptions {
  readonly pid: number;
  readonly workers: number;
  readonly forMs: number;
  /** One request of one worker; throws when the answer is not what it should be. */
  readonly request: (worker: number) => Promise<void>;
}

/** So many workers, each sending its next request when the last one was answered. */
export async function closedLoop({ pid, workers, forMs, request }: LoadOptions): Promise<Load> {
  const tookMs: number[] = [];
  const cpuBefore = cpuMicros(pid);
  const beganMs = performance.now();
  const endMs = beganMs + forMs;
  const work = async (worker: number) => {
    for (let startMs = performance.now(); startMs < endMs;) {
      await request(worker);
      const nowMs = performance.now();
      tookMs.push(nowMs - startMs);
      startMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  const seconds = (performance.now() - beganMs) / 1000;
  const cpu = cpuMicros(pid) - cpuBefore;
  tookMs.sort((a, b) => a - b);
  return {
    perSecond: tookMs.length / seconds,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    cpuMicros: cpu / tookMs.length,
  };
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
