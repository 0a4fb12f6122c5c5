/** Memory that a process needed for a while, and keeps although it uses it no more. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../clock.ts";
import type { Scope } from "../scope.ts";
import { loadLibrary } from "./native.ts";

/** From the start until what was begun by it is over, too. */
const SETTLED_MS = 4_000;
/** Collecting garbage stops the process: a millisecond or two for every megabyte of this. */
const HEAP_BYTES_MAX = 48 * 2 ** 20;
const LIBRARY = "libc.so.6";

/**
 * Starting takes several times the memory of what comes after it. A process at rest makes so little garbage that it
 * would not be collected for hours, and the C library keeps what was freed: both are given back, once.
 */
export function giveBackMemoryOfStart(clock: Clock, scope: Scope): void {
  scope.defer(
    clock.after(SETTLED_MS, () => {
      if (process.memoryUsage().heapUsed < HEAP_BYTES_MAX) collectGarbage();
      trim();
    }),
  );
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
