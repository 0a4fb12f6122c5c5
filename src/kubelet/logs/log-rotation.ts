import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ContainerRuntime } from "../cri/client.ts";

export interface LogLimits {
  /** A log that has grown beyond this is put aside. */
  readonly bytesMax: number;
  /** How many files a container may have, the current one among them. */
  readonly filesMax: number;
}

const LOG_LIMITS: LogLimits = { bytesMax: 10 * 1024 * 1024, filesMax: 5 };

/** Puts the log of a running container aside if it is too long, and has the runtime begin a new one. */
export async function rotateLog(
  runtime: ContainerRuntime,
  containerId: string,
  path: string,
  nowMs: number,
  { bytesMax, filesMax }: LogLimits = LOG_LIMITS,
): Promise<boolean> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size < bytesMax) return false;
  const aside = await rotatedLogs(path);
  // One of them is about to come, and one place is the current log's.
  const tooMany = aside.slice(0, Math.max(0, aside.length - (filesMax - 2)));
  await Promise.all(tooMany.map((file) => rm(file, { force: true })));
  const plain = aside.filter((file) => !file.endsWith(".gz") && !tooMany.includes(file));
  for (const file of plain) await compress(file);
  const rotated = `${path}.${stamp(nowMs)}`;
  await rename(path, rotated);
  try {
    await runtime.reopenLog(containerId);
  } catch (error) {
    // The runtime goes on writing to the file it has open: give it its name back.
    await rename(rotated, path);
    throw error;
  }
  return true;
}

/** Logs of the container that were put aside, the oldest first. */
async function rotatedLogs(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  const rotated = names.filter((name) => name.startsWith(prefix) && !name.endsWith(".tmp"));
  return rotated.toSorted().map((name) => join(dirname(path), name));
}

/** `20060102-150405`, in UTC. */
const stamp = (ms: number): string =>
  new Date(ms).toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 15);

/** The newest stays as it is, so that a reader who follows the log can finish it. */
async function compress(path: string): Promise<void> {
  const half = `${path}.tmp`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(half));
  await rename(half, `${path}.gz`);
  await rm(path, { force: true });
}
