import { sleep } from "#base/clock";
import { jsonLines, logger, setLogSink } from "#base/log";
import { giveBackMemoryOfStart } from "#base/node/spare-memory";
import { Scope } from "#base/scope";
import { type Daemon, notifyReady, pidOf } from "#cluster/daemon/daemon";
import { appointSuccessor, restartDelayMs, restartsIn } from "#cluster/daemon/successor";
import type { Io } from "./io.ts";
import { self } from "./self.ts";

const log = logger("daemon");

/** What is under way is waited for, but not for ever: containers outlive their agent anyway. */
const END_MS_MAX = 3_000;

/**
 * Runs a daemon until it is told to end: its log goes to standard error, a line of JSON each. Should anything else end
 * it, a mistake of ours or a signal, it is started again, unless it runs in the foreground.
 */
export async function runDaemon(
  { signal, clock, tell, env }: Io,
  daemon: Daemon,
  start: (scope: Scope) => Promise<void>,
): Promise<number> {
  setLogSink(jsonLines(env.K8TS_DEBUG === "1" ? "debug" : "info", () => clock.now(), tell));
  const scope = new Scope(fail);
  const restarts = restartsIn(env);
  let dismiss: () => void = () => undefined;
  const haveSuccessor = () => {
    if (pidOf(daemon) === process.pid) dismiss = appointSuccessor(daemon, again(), restarts);
  };
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  void ended.then(() => dismiss());
  try {
    // Whoever starts it for the first time hears that it fails; later nobody does.
    if (restarts > 0) {
      log.warn("started again", { restarts });
      haveSuccessor();
      await Promise.race([sleep(clock, restartDelayMs(restarts)), ended]);
    }
    if (!signal.aborted) await Promise.race([start(scope), ended]);
    process.on("uncaughtException", fail);
    if (!signal.aborted) {
      if (restarts === 0) haveSuccessor();
      notifyReady(daemon);
    }
    giveBackMemoryOfStart(clock, scope);
    await ended;
    log.info("ending");
  } finally {
    await Promise.race([scope.close(), sleep(clock, END_MS_MAX)]);
  }
  return 0;
}

function fail(error: Error): never {
  log.error("ended by an error", { error });
  process.exit(1);
}

/** This very command. */
function again(): { readonly program: string; readonly args: readonly string[] } {
  const { program, args } = self();
  return { program, args: [...args, ...process.argv.slice(2)] };
}
