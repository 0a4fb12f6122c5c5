/** Files that are there as a whole or not at all, on disk when they are there, and for their owner alone. */
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "#store/disk/lmdb-journal";

/** One that is there already is left as it is; then this gives false. */
export async function createFile(path: string, text: string): Promise<boolean> {
  const fresh = await written(path, text);
  try {
    await link(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    await rm(fresh, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

/** In place of the one that is there. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await written(path, text), path);
  syncDirectory(dirname(path));
}

async function written(path: string, text: string): Promise<string> {
  const fresh = `${path}.${process.pid}`;
  await rm(fresh, { force: true });
  // Whoever else can write to the directory, as to that of a backup, may have put a link or a file of their own there.
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return fresh;
}
