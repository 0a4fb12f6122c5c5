/** Who starts a daemon again that has ended without being told to: a shell that waits beside it, a megabyte large. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { type Command, type Daemon, recordOf, startTimeOf, writeRecord } from "./daemon.ts";

/** How often a daemon was started again lately, for the daemon itself. */
const RESTARTS_VARIABLE = "K8TS_RESTARTS";
/** One that ran for so long begins to count anew. */
const GOOD_SECONDS = 600;
/** The first is at once, the others wait longer and longer. */
const DELAY_MS = 1_000;
const DELAY_MS_MAX = 30_000;

/**
 * The pipe ends with the daemon, however that ends. Then the shell becomes the next one, under its own pid, unless it
 * was dismissed or the record names somebody else by now.
 */
const SCRIPT = `
record=$0 daemon=$1 began=$(date +%s)
shift
read -r dismissed && exit
read -r pid rest 2>/dev/null <"$record" && [ "$pid" = "$daemon" ] || exit
K8TS_RESTARTS=$((\${K8TS_RESTARTS:-0} + 1))
[ $(($(date +%s) - began)) -lt ${GOOD_SECONDS} ] || K8TS_RESTARTS=1
export K8TS_RESTARTS
echo "$$ $(cut -d' ' -f22 /proc/$$/stat)" >"$record.$$" && mv "$record.$$" "$record"
exec "$@"
`;

/** How often this daemon was started again lately; 0: it was started by somebody. */
export const restartsIn = (env: Readonly<Record<string, string | undefined>>): number =>
  Number(env[RESTARTS_VARIABLE] ?? 0);

/** How long the so-manieth restart waits. */
export const restartDelayMs = (restarts: number): number =>
  restarts < 2 ? 0 : Math.min(DELAY_MS * 2 ** (restarts - 2), DELAY_MS_MAX);

/** Called by a daemon for itself. Gives the call that dismisses the successor: then nobody comes after it. */
export function appointSuccessor(
  daemon: Daemon,
  { program, args }: Pick<Command, "program" | "args">,
  restarts: number,
): () => void {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, daemon.pidFile, String(process.pid), program, ...args], {
    detached: true,
    stdio: ["pipe", "inherit", "inherit"],
    cwd: "/",
    env: { ...process.env, [RESTARTS_VARIABLE]: String(restarts) },
  });
  // Without it, all is as it was before.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  (shell.stdin as Socket).unref();
  const { pid } = shell;
  if (pid !== undefined)
    writeRecord(daemon, { ...recordOf(daemon), successor: { pid, startTime: startTimeOf(pid) } });
  return () => void shell.stdin.end("dismissed\n");
}
