import { setTimeout as pause } from "node:timers/promises";

/** What takes longer hangs, on the busiest machine. */
const WITHIN_MS = 180_000;
const STEP_MS = 100;

/** Tries until it does not throw; what it threw last is thrown when the time is over. */
export async function eventually<T>(attempt: () => Promise<T> | T, withinMs = WITHIN_MS): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await pause(STEP_MS);
  }
}
