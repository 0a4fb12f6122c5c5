/** How long a container that keeps ending waits before it is started again. */

const RESTART_DELAY_FIRST_MS = 10_000;
const RESTART_DELAY_MAX_MS = 300_000;
/** A container that ran this much longer than its last restart starts over with the shortest delay. */
const RESTART_DELAY_FORGET_MS = 2 * RESTART_DELAY_MAX_MS;

/** The delay that holds after the next end, and when it was set. */
export interface RestartDelay {
  readonly delayMs: number;
  readonly sinceMs: number;
}

/** When the container that ended at `finishedMs` may start again; undefined: at once. */
export function restartDueMs(delay: RestartDelay | undefined, finishedMs: number): number | undefined {
  if (!delay || finishedMs - delay.sinceMs > RESTART_DELAY_FORGET_MS) return undefined;
  return finishedMs + delay.delayMs;
}

/** The delay after a restart at `nowMs` of what ended at `finishedMs`. */
export function nextRestartDelay(
  delay: RestartDelay | undefined,
  finishedMs: number,
  nowMs: number,
): RestartDelay {
  const fresh = !delay || finishedMs - delay.sinceMs > RESTART_DELAY_FORGET_MS;
  const delayMs = fresh ? RESTART_DELAY_FIRST_MS : Math.min(2 * delay.delayMs, RESTART_DELAY_MAX_MS);
  return { delayMs, sinceMs: nowMs };
}
