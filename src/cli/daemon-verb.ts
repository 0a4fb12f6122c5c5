import { jsonLines, logger, setLogSink } from "#base/log";
import { Scope } from "#base/scope";
import { notifyReady } from "#cluster/daemon/daemon";
import type { Io } from "./io.ts";

const log = logger("daemon");

/** Runs a daemon until it is told to end: its log goes to standard error, a line of JSON each. */
export async function runDaemon(
  { signal, clock, tell, env }: Io,
  start: (scope: Scope) => Promise<void>,
): Promise<number> {
  setLogSink(jsonLines(env.K8TS_DEBUG === "1" ? "debug" : "info", () => clock.now(), tell));
  const scope = new Scope();
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([start(scope), ended]);
    if (!signal.aborted) notifyReady();
    await ended;
    log.info("ending");
  } finally {
    await scope.close();
  }
  return 0;
}
