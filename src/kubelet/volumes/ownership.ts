import { chmod, lchown, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const GROUP_RW = 0o660;
const GROUP_DIR = 0o110;
const SETGID = 0o2000;

/** Gives a volume and all in it to a group, which may then read and write it; new files get the same group. */
export async function giveToGroup(path: string, gid: number): Promise<void> {
  const { mode } = await stat(path);
  await lchown(path, -1, gid);
  await chmod(path, (mode & 0o7777) | GROUP_RW | GROUP_DIR | SETGID);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isSymbolicLink()) await lchown(inner, -1, gid);
    else if (entry.isDirectory()) await giveToGroup(inner, gid);
    else {
      const file = await stat(inner);
      await lchown(inner, -1, gid);
      await chmod(inner, (file.mode & 0o7777) | GROUP_RW);
    }
  }
}

/** Is the volume's root as `giveToGroup` leaves it? */
export async function belongsToGroup(path: string, gid: number): Promise<boolean> {
  const { gid: owner, mode } = await stat(path);
  return owner === gid && (mode & (SETGID | GROUP_RW)) === (SETGID | GROUP_RW);
}
