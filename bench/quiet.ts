/** Waits for a moment in which nobody else needs the machine. */
import { readFileSync } from "node:fs";
import { pause } from "./workspace.ts";

const LOOK_MS = 1_000;
/** Share of all cores that others may use. */
const BUSY_MAX = 0.1;

/** True when the machine was quiet within the time; false when others kept it busy. */
export async function quietMachine(withinMs: number): Promise<boolean> {
  for (const endMs = performance.now() + withinMs; ;) {
    const before = ticks();
    await pause(LOOK_MS);
    const after = ticks();
    if ((after.busy - before.busy) / (after.all - before.all) <= BUSY_MAX) return true;
    if (performance.now() > endMs) return false;
  }
}

function ticks(): { readonly busy: number; readonly all: number } {
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n", 1);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0, stolen = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + hard + soft + stolen;
  return { busy, all: busy + idle + wait };
}
