/** What an attacked server still holds when all who attacked it have left. */
import type { Target } from "./target.ts";

/** Turns of waiting: connections of slow clients end within the server's bounds, which the target has short. */
const PATIENCE_TURNS = 300;
const TURN_MS = 100;

interface Held {
  readonly sockets: number;
  readonly timers: number;
  readonly longRunning: number;
  readonly inFlight: number;
  readonly outgoing: number;
}

const SOCKETS = new Set([
  "TCPSocketWrap",
  "TLSWrap",
  "HTTP2SESSION",
  "HTTPCLIENTREQUEST",
  "HTTPINCOMINGMESSAGE",
]);

async function sumOf(target: Target, metric: string): Promise<number> {
  const text = await target.server.metrics.registry.getSingleMetricAsString(metric);
  return text
    .split("\n")
    .filter((line) => line.startsWith(metric))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** It shows the most since it was last read. */
async function inFlight(target: Target): Promise<number> {
  const metric = "apiserver_current_inflight_requests";
  await sumOf(target, metric);
  return sumOf(target, metric);
}

export async function heldBy(target: Target): Promise<Held> {
  const active = process.getActiveResourcesInfo();
  return {
    sockets: active.filter((type) => SOCKETS.has(type)).length,
    timers: active.filter((type) => type === "Timeout").length,
    longRunning: await sumOf(target, "apiserver_longrunning_requests"),
    inFlight: await inFlight(target),
    outgoing: target.outgoing,
  };
}

/** Connections that are kept for what comes next, and timers beside them. */
const SLACK = { sockets: 60, timers: 80, longRunning: 0, inFlight: 0, outgoing: 0 };

/** Waits until no more is held than `before`; what is, where that does not come. */
export async function remainsOf(target: Target, before: Held): Promise<string[]> {
  let over: string[] = [];
  for (let turn = 0; turn < PATIENCE_TURNS; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- it looks again and again
    const now = await heldBy(target);
    over = (Object.keys(SLACK) as (keyof Held)[])
      .filter((what) => now[what] > before[what] + SLACK[what])
      .map((what) => `${what}: ${now[what]} are left, there were ${before[what]}`);
    if (over.length === 0) return [];
    if (turn === PATIENCE_TURNS - 1 && over.some((text) => text.startsWith("longRunning")))
      over.push(
        await target.server.metrics.registry.getSingleMetricAsString("apiserver_longrunning_requests"),
      );
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause();
  }
  return over;
}

export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, TURN_MS));
