/** Files that people and tools replace while a process runs: configuration, keys, tokens. */
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { logger } from "../log.ts";

const log = logger("watched-file");

export interface WatchedFile {
  readonly path: string;
  /** What the file held when it was read last. */
  readonly text: string;
  /** Gets what the file holds now, one change after the other. It deals with its own errors. */
  readonly onChange: (text: string) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/** Mounted ConfigMaps and Secrets change by a link of such a name that is set anew beside the file. */
const MOUNT_LINK = "..";

/** Until the signal. Nothing is polled; a file that is gone or empty is one that is being replaced, and waited for. */
export function watchFile({ path, text, onChange, signal }: WatchedFile): void {
  if (signal.aborted) return;
  let known = text;
  let asked = false;
  let reading = false;
  const read = async () => {
    asked = true;
    if (reading) return;
    reading = true;
    while (asked && !signal.aborted) {
      asked = false;
      const found = await readFile(path, "utf8").catch(() => "");
      if (found === "" || found === known) continue;
      known = found;
      await onChange(found);
    }
    reading = false;
  };
  const name = basename(path);
  const watcher = watch(dirname(path), { persistent: false, signal }, (_event, changed) => {
    if (changed === null || changed === name || changed.startsWith(MOUNT_LINK)) void read();
  });
  watcher.on("error", (error) => {
    if (!signal.aborted) log.error("a file is watched no longer", { path, error });
  });
  // It may have changed between the first reading and now.
  void read();
}
