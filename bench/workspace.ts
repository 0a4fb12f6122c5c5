/** Folders and child processes of one run; all of them are gone when it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A child that has not ended so long after it was asked to is killed. */
const STOP_MS = 5_000;

const folders: string[] = [];
const children = new Set<ChildProcess>();

// Also a run that is stopped or breaks down leaves nothing behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

export function newFolder(what: string): string {
  const folder = mkdtempSync(join(tmpdir(), `k8ts-bench-${what}-`));
  folders.push(folder);
  return folder;
}

/** Starts a program. With a pipe for its output, its errors go to ours. */
export function start(
  program: string,
  args: readonly string[],
  stdio: "pipe" | "ignore",
  env = process.env,
): ChildProcess {
  const errors = stdio === "pipe" ? "inherit" : "ignore";
  const child = spawn(program, args, { stdio: ["ignore", stdio, errors], env });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(killer);
}

export async function cleanUp(): Promise<void> {
  await Promise.all([...children].map((child) => stop(child, "SIGKILL")));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
