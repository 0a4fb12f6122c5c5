import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { Socket } from "node:net";
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
  /** It calls `notifyReady`; other programs are ready as soon as they have started. */
  readonly notifies?: boolean;
}

/** A process ends by itself within this time after SIGTERM, or is ended. */
const STOP_MS_MAX = 10_000;
/** The kernel tells nobody but the parent that a process ended, so it has to be looked up. */
const STOP_CHECK_MS = 20;

/** The pid of the running daemon; undefined when it does not run, also when the pid now belongs to another process. */
export function pidOf({ pidFile }: Pick<Daemon, "pidFile">): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const [pid, startTime] = readFileSync(pidFile, "utf8").trim().split(" ");
  // No start time was noted for a process that had ended before it could be looked at.
  return startTime !== undefined && startTimeOf(Number(pid)) === startTime ? Number(pid) : undefined;
}

/** A daemon that was just started. */
export interface Started {
  readonly pid: number;
  /** Resolves when the daemon says that it is ready (`notifyReady`); rejects when it ends before. */
  readonly ready: Promise<void>;
}

/** Names the file descriptor on which a daemon says that it is ready. */
const READY_FD = 3;
const READY_VARIABLE = "K8TS_READY_FD";

/** Starts the daemon in a session of its own, its output in its log file. */
export function startDaemon(daemon: Daemon, { program, args, env, notifies = false }: Command): Started {
  for (const file of [daemon.pidFile, daemon.logFile])
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  const log = openSync(daemon.logFile, "a", 0o600);
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log, ...(notifies ? (["pipe"] as const) : [])],
      cwd: "/",
      env: { ...process.env, ...env, ...(notifies ? { [READY_VARIABLE]: String(READY_FD) } : {}) },
    });
    // A program that cannot be started is noticed by its pid, and by what it should have done.
    child.on("error", () => undefined);
    child.unref();
    if (child.pid === undefined)
      throw new Error(`${daemon.what} could not be started: ${program} is not there`);
    writeFileSync(daemon.pidFile, `${child.pid} ${startTimeOf(child.pid) ?? ""}\n`);
    const ready = notifies ? readiness(daemon, child.stdio[READY_FD] as Socket) : Promise.resolve();
    // Who does not wait for it shall not hear of it either.
    ready.catch(() => undefined);
    return { pid: child.pid, ready };
  } finally {
    closeSync(log);
  }
}

function readiness(daemon: Daemon, pipe: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.on("data", () => {
      resolve();
      pipe.destroy();
    });
    pipe.on("error", () => undefined);
    pipe.on("close", () =>
      reject(new Error(`${daemon.what} ended before it was ready: ${lastWords(daemon)}`)),
    );
  });
}

/** For the daemon itself: tells whoever started it that it is ready. */
export function notifyReady(): void {
  const descriptor = process.env[READY_VARIABLE];
  if (descriptor === undefined) return;
  delete process.env[READY_VARIABLE];
  try {
    writeSync(Number(descriptor), "ready\n");
    closeSync(Number(descriptor));
  } catch {
    // Nobody waits any more.
  }
}

/** Ends the daemon, gently first. Nothing happens when it does not run. */
export async function stopDaemon(daemon: Daemon, clock: Clock): Promise<void> {
  const pid = pidOf(daemon);
  if (pid !== undefined) {
    signalProcess(pid, "SIGTERM");
    if (!(await ended(daemon, clock))) {
      signalProcess(pid, "SIGKILL");
      await ended(daemon, clock);
    }
  }
  rmSync(daemon.pidFile, { force: true });
}

/** Nothing happens when the process has ended by itself meanwhile. */
export function signalProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
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
