/** Memory that a process needed for a while, and keeps although it uses it no more. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../clock.ts";
import type { Scope } from "../scope.ts";
import { loadLibrary } from "./native.ts";

/** How often it is looked whether the start, and what was begun by it, is over. */
const LOOK_MS = 2_000;
/** A process that takes less of one core rests. */
const RESTING_SHARE = 0.1;
/** Collecting stops the process: about half a millisecond for every megabyte of this. */
const HEAP_BYTES_MAX = 256 * 2 ** 20;
const LIBRARY = "libc.so.6";

/**
 * Starting takes several times the memory of what comes after it. A process at rest makes so little garbage that it
 * would not be collected for hours, and the C library keeps what was freed: both are given back, once, as soon as the
 * process has come to rest. V8 goes on by itself from there: it shrinks the space for young objects, and its pages.
 */
export function giveBackMemoryOfStart(clock: Clock, scope: Scope): void {
  let spentMs = Number.NEGATIVE_INFINITY;
  let cancel = clock.after(LOOK_MS, look);
  scope.defer(() => cancel());

  function look(): void {
    const beforeMs = spentMs;
    spentMs = cpuMs();
    if (spentMs - beforeMs > RESTING_SHARE * LOOK_MS) {
      cancel = clock.after(LOOK_MS, look);
      return;
    }
    if (process.memoryUsage().heapUsed < HEAP_BYTES_MAX) collectGarbage();
    trim();
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function collectGarbage(): void {
  // The function is there only for contexts that are made while the flag is set.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  collect();
}

/** What the C library has free goes back to the kernel, where it is the C library that can. */
function trim(): void {
  try {
    loadLibrary(LIBRARY).func("int malloc_trim(size_t pad)")(0);
  } catch {
    // Others give back by themselves.
  }
}
