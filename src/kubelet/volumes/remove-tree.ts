import { readdir, rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { atShortPath } from "./descriptors.ts";

/** Takes away a directory with all that is in it, also where no path leads to it. Nothing happens where there is none. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENAMETOOLONG") throw error;
    await removeDeep(path);
  }
}

async function removeDeep(path: string): Promise<void> {
  await atShortPath(path, async (here) => {
    for (const entry of await readdir(here, { withFileTypes: true })) {
      const inner = join(here, entry.name);
      await (entry.isDirectory() ? removeDeep(inner) : unlink(inner));
    }
  });
  await rmdir(path);
}
