import { chmod, chown, constants, type FileHandle, lchown, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openEntry, openPath, pathOf } from "./descriptors.ts";

const GROUP_RW = 0o660;
const GROUP_DIR = 0o110;
const SETGID = 0o2000;
const PERMISSIONS = 0o7777;

/** Of directories in directories: each on the way is held open. */
const DEPTH_MAX = 500;

/**
 * Gives a volume and all in it to a group, which may then read and write it; new files get the same group. Who has the
 * volume mounted may change it meanwhile: links are not followed, also where something else was a moment ago.
 */
export async function giveToGroup(path: string, gid: number): Promise<void> {
  await using root = await openPath(path, constants.O_DIRECTORY);
  await giveDirectory(root, gid, 0);
}

async function giveDirectory(directory: FileHandle, gid: number, depth: number): Promise<void> {
  if (depth > DEPTH_MAX) throw new Error(`it has directories in more than ${DEPTH_MAX} others`);
  for (const name of await readdir(pathOf(directory))) {
    await using entry = await openIfThere(directory, name);
    if (!entry) continue;
    const found = await entry.stat();
    if (found.isSymbolicLink()) await lchown(join(pathOf(directory), name), -1, gid);
    else if (found.isDirectory()) await giveDirectory(entry, gid, depth + 1);
    else await give(entry, gid, GROUP_RW);
  }
  // Last, so that what is the group's is that as a whole.
  await give(directory, gid, GROUP_RW | GROUP_DIR | SETGID);
}

/** Of what goes away meanwhile nothing is left to give. */
async function openIfThere(directory: FileHandle, name: string): Promise<FileHandle | undefined> {
  try {
    return await openEntry(directory, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function give(entry: FileHandle, gid: number, rights: number): Promise<void> {
  const { mode } = await entry.stat();
  await chown(pathOf(entry), -1, gid);
  // Afterwards: a new owner takes bits from the mode.
  await chmod(pathOf(entry), (mode & PERMISSIONS) | rights);
}

/** Is the volume's root as `giveToGroup` leaves it? */
export async function belongsToGroup(path: string, gid: number): Promise<boolean> {
  const { gid: owner, mode } = await stat(path);
  return owner === gid && (mode & (SETGID | GROUP_RW)) === (SETGID | GROUP_RW);
}
