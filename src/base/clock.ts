/** Time comes in through a Clock, so a test can move a day forward in a millisecond. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since an arbitrary moment; never goes back. */
  monotonic(): number;
  /** Calls back once after `delayMs`; the answer cancels it. */
  after(delayMs: number, callback: () => void): CancelTimer;
}

export type CancelTimer = () => void;

/** Timers count in 31 bits, and fire at once when asked for more: 24.8 days. Longer waits are several. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The clock of the machine. A timer keeps the process alive until it fires or is cancelled. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const wait = (leftMs: number) =>
      leftMs > TIMER_MS_MAX
        ? setTimeout(() => (timer = wait(leftMs - TIMER_MS_MAX)), TIMER_MS_MAX)
        : setTimeout(callback, Math.max(leftMs, 0));
    let timer = wait(delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export function sleep(
  clock: Clock,
  delayMs: number,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}
