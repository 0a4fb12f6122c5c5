import { closeSync, openSync } from "node:fs";
import { loadLibrary } from "./native.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `work` with this thread in the network namespace at `path` (such as `/run/netns/NAME`). Sockets made there
 * stay there. The work must not wait: what runs later is back in the namespace of the process.
 */
export function inNetworkNamespace<T>(path: string | undefined, work: () => T): T {
  if (path === undefined) return work();
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    enterNetworkNamespace(path);
    return back(own, attemptSync(work));
  } finally {
    closeSync(own);
  }
}

/** What the work gave or threw, once the thread is where it was. */
function back<T>(own: number, outcome: () => T): T {
  if (setns()(own, CLONE_NEWNET) !== 0)
    throw new Error("the thread cannot return to its own network namespace");
  return outcome();
}

function attemptSync<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Moves this thread into the network namespace for good. For threads that were made for it. */
export function enterNetworkNamespace(path: string): void {
  const there = openSync(path, "r");
  try {
    if (setns()(there, CLONE_NEWNET) !== 0) throw new Error(`network namespace ${path} cannot be entered`);
  } finally {
    closeSync(there);
  }
}

let loaded: ((fd: number, kind: number) => number) | undefined;

const setns = (): ((fd: number, kind: number) => number) =>
  (loaded ??= loadLibrary("libc.so.6").func("int setns(int fd, int kind)") as (
    fd: number,
    kind: number,
  ) => number);
