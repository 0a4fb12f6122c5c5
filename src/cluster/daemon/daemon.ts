import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
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
/** A daemon that says nothing for so long, and runs, is taken for one that does not say it. */
const START_MS_MAX = 60_000;
/** The kernel tells nobody but the parent that a process ended, so it has to be looked up. */
const CHECK_MS = 20;

/** A process, told apart from others that get its pid later; without a time it had ended before it was looked at. */
interface Process {
  readonly pid: number;
  readonly startTime: string | undefined;
}

/** What a pid file says: `PID TIME [ready]`, and in a second line `PID TIME` of who starts it again. */
interface PidRecord {
  readonly main?: Process;
  readonly isReady?: boolean;
  readonly successor?: Process;
}

export function recordOf({ pidFile }: Pick<Daemon, "pidFile">): PidRecord {
  if (!existsSync(pidFile)) return {};
  const [first = "", second = ""] = readFileSync(pidFile, "utf8").split("\n");
  const main = processIn(first);
  const successor = processIn(second);
  return {
    ...(main ? { main } : {}),
    isReady: first.endsWith(" ready"),
    ...(successor ? { successor } : {}),
  };
}

function processIn(line: string): Process | undefined {
  const [pid = "", startTime] = line.split(" ");
  return pid === "" ? undefined : { pid: Number(pid), startTime };
}

/** As a whole or not at all. */
export function writeRecord(
  { pidFile }: Pick<Daemon, "pidFile">,
  { main, isReady, successor }: PidRecord,
): void {
  const line = ({ pid, startTime = "" }: Process): string => `${pid} ${startTime}`;
  const lines = [
    main ? `${line(main)}${isReady ? " ready" : ""}` : "",
    ...(successor ? [line(successor)] : []),
  ];
  const fresh = `${pidFile}.${process.pid}`;
  writeFileSync(fresh, `${lines.join("\n")}\n`);
  renameSync(fresh, pidFile);
}

/** Is it there still, and the same? */
export const runs = (process: Process | undefined): process is Process =>
  process?.startTime !== undefined && startTimeOf(process.pid) === process.startTime;

/** The pid of the running daemon; undefined when it does not run, also when the pid now belongs to another process. */
export function pidOf(daemon: Pick<Daemon, "pidFile">): number | undefined {
  const { main } = recordOf(daemon);
  return runs(main) ? main.pid : undefined;
}

/**
 * Does it run? One that is about to be ready, or to be started again, is waited for; one that is started again and again
 * and never comes so far does not run.
 */
export async function isUp(daemon: Daemon, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + START_MS_MAX;
  const { main: first } = recordOf(daemon);
  for (;;) {
    const { main, isReady, successor } = recordOf(daemon);
    if (runs(main) && isReady) return true;
    if (!runs(main) && !runs(successor)) return false;
    if (clock.monotonic() > deadline) return runs(main) && main.pid === first?.pid;
    await sleep(clock, CHECK_MS);
  }
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
    writeRecord(daemon, { main: { pid: child.pid, startTime: startTimeOf(child.pid) } });
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

/** For the daemon itself: tells whoever started it, and whoever looks, that it is ready. */
export function notifyReady(daemon: Daemon): void {
  if (pidOf(daemon) === process.pid) writeRecord(daemon, { ...recordOf(daemon), isReady: true });
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

/** Ends the daemon, gently first, and whoever has taken its place meanwhile. Nothing happens when it does not run. */
export async function stopDaemon(daemon: Daemon, clock: Clock): Promise<void> {
  for (;;) {
    const { main, successor } = recordOf(daemon);
    if (runs(successor)) signalProcess(successor.pid, "SIGKILL");
    if (!runs(main)) break;
    signalProcess(main.pid, "SIGTERM");
    if (await ended(main, clock)) continue;
    signalProcess(main.pid, "SIGKILL");
    if (!(await ended(main, clock))) throw new Error(`${daemon.what} cannot be ended: process ${main.pid}`);
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

async function ended(process: Process, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + STOP_MS_MAX;
  while (runs(process)) {
    if (clock.monotonic() > deadline) return false;
    await sleep(clock, CHECK_MS);
  }
  return true;
}

/** The last lines of the log, for messages about a daemon that failed. */
export function lastWords({ logFile }: Daemon, lines = 5): string {
  if (!existsSync(logFile)) return "";
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

/** When the process started, in ticks since boot; undefined when there is none, or only a zombie. */
export function startTimeOf(pid: number): string | undefined {
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
