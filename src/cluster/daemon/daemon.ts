import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, sleep } from "#base/clock";

/** A background process that outlives the command that started it. */
export interface Daemon {
  /** For messages: `control plane`, `containerd of node-1`. */
  readonly what: string;
  readonly pidFile: string;
  readonly logFile: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process ends by itself within this time after SIGTERM, or is ended. */
const STOP_MS_MAX = 10_000;
/** The kernel tells nobody but the parent that a process ended, so it has to be looked up. */
const STOP_CHECK_MS = 20;

/** The pid of the running daemon; undefined when it does not run, also when the pid now belongs to another process. */
export function pidOf({ pidFile }: Pick<Daemon, "pidFile">): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const [pid, startTime] = readFileSync(pidFile, "utf8").trim().split(" ");
  return startTimeOf(Number(pid)) === startTime ? Number(pid) : undefined;
}

/** Starts the daemon in a session of its own, its output in its log file. The answer is its pid. */
export function startDaemon(daemon: Daemon, { program, args, env }: Command): number {
  for (const file of [daemon.pidFile, daemon.logFile])
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  const log = openSync(daemon.logFile, "a", 0o600);
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
      env: { ...process.env, ...env },
    });
    // A program that cannot be started is noticed by what it should have done.
    child.on("error", () => undefined);
    child.unref();
    if (child.pid === undefined)
      throw new Error(`${daemon.what} could not be started: ${program} is not there`);
    writeFileSync(daemon.pidFile, `${child.pid} ${startTimeOf(child.pid) ?? ""}\n`);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/** Ends the daemon, gently first. Nothing happens when it does not run. */
export async function stopDaemon(daemon: Daemon, clock: Clock): Promise<void> {
  const pid = pidOf(daemon);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    if (!(await ended(daemon, clock))) {
      process.kill(pid, "SIGKILL");
      await ended(daemon, clock);
    }
  }
  rmSync(daemon.pidFile, { force: true });
}

async function ended(daemon: Daemon, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + STOP_MS_MAX;
  while (pidOf(daemon) !== undefined) {
    if (clock.monotonic() > deadline) return false;
    await sleep(clock, STOP_CHECK_MS);
  }
  return true;
}

/** The last lines of the log, for messages about a daemon that failed. */
export function lastWords({ logFile }: Daemon, lines = 5): string {
  if (!existsSync(logFile)) return "";
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

/** When the process started, in ticks since boot; undefined when there is none, or only a zombie. */
function startTimeOf(pid: number): string | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  try {
    const stat = readFileSync(file, "utf8");
    // The name, in parentheses, may hold anything; what follows it does not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
