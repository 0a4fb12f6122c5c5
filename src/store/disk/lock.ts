import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { StoreLocked } from "../store.ts";

const LOCK_FILE = "lock";
const LOCK_EXCLUSIVE = 2;
const LOCK_NONBLOCKING = 4;

/** flock(2): the kernel lets go of it when the process ends, however it ends. */
let flock: ((fd: number, operation: number) => number) | undefined;

export interface DirectoryLock {
  release(): void;
}

/** Makes this process the only one that uses the directory. Throws `StoreLocked` when another one does. */
export function lockDirectory(directory: string): DirectoryLock {
  flock ??= koffi.load(null).func("int flock(int fd, int operation)");
  const fd = openSync(join(directory, LOCK_FILE), "a", 0o600);
  if (flock(fd, LOCK_EXCLUSIVE | LOCK_NONBLOCKING) !== 0) {
    closeSync(fd);
    throw new StoreLocked(`${directory} is in use by another process`);
  }
  return { release: () => closeSync(fd) };
}
