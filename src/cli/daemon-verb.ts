import { sleep } from "#base/clock";
import { jsonLines, logger, setLogSink } from "#base/log";
import { giveBackMemoryOfStart } from "#base/node/spare-memory";
import { Scope } from "#base/scope";
import { type Daemon, notifyReady, pidOf, startDaemon } from "#cluster/daemon/daemon";
import type { Io } from "./io.ts";
import { self } from "./self.ts";

const log = logger("daemon");

/** What is under way is waited for, but not for ever: containers outlive their agent anyway. */
const END_MS_MAX = 3_000;
/** The old process must have let go of ports and files. */
const AGAIN_AFTER_SECONDS = 1;

/**
 * Runs a daemon until it is told to end: its log goes to standard error, a line of JSON each. Should a mistake of ours
 * end it, it is started again, unless it runs in the foreground.
 */
export async function runDaemon(
  { signal, clock, tell, env }: Io,
  daemon: Daemon,
  start: (scope: Scope) => Promise<void>,
): Promise<number> {
  setLogSink(jsonLines(env.K8TS_DEBUG === "1" ? "debug" : "info", () => clock.now(), tell));
  const scope = new Scope((error) => fail(daemon, error));
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([start(scope), ended]);
    process.on("uncaughtException", (error) => fail(daemon, error));
    if (!signal.aborted) notifyReady();
    giveBackMemoryOfStart(clock, scope);
    await ended;
    log.info("ending");
  } finally {
    await Promise.race([scope.close(), sleep(clock, END_MS_MAX)]);
  }
  return 0;
}

function fail(daemon: Daemon, error: Error): never {
  log.error("ended by an error", { error });
  if (pidOf(daemon) === process.pid) startAgain(daemon);
  process.exit(1);
}

function startAgain(daemon: Daemon): void {
  const { program, args } = self();
  const again = [program, ...args, ...process.argv.slice(2)];
  startDaemon(daemon, {
    program: "/bin/sh",
    args: ["-c", `sleep ${AGAIN_AFTER_SECONDS}; exec "$@"`, "k8ts", ...again],
  });
}
