import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

export interface PayloadFile {
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** Owner, where it is not root. */
  readonly uid?: number;
}

/** Files by their path inside the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = "..data";
const DATA_NEXT = "..data_tmp";

/**
 * Makes the volume show exactly these files, all at once: readers see the old set or the new one, never a mix.
 * Every file is a link through `..data`, which is a link to the directory with the current set. Gives whether
 * anything changed. `name`: of the new directory, unique in this volume.
 */
export async function writeAtomically(
  target: string,
  payload: Payload,
  name: string,
  fsGroup: number | undefined,
): Promise<boolean> {
  const current = await readlink(join(target, DATA)).catch(() => undefined);
  if (current !== undefined && (await holds(join(target, current), payload))) return false;
  const next = join(target, name);
  await mkdir(next, { mode: 0o755 });
  await writeAll(next, payload, fsGroup);
  await symlink(name, join(target, DATA_NEXT)).catch(async () => {
    await rm(join(target, DATA_NEXT), { force: true });
    await symlink(name, join(target, DATA_NEXT));
  });
  await rename(join(target, DATA_NEXT), join(target, DATA));
  await linkAll(target, payload);
  if (current !== undefined) await rm(join(target, current), { recursive: true, force: true });
  return true;
}

async function writeAll(dir: string, payload: Payload, fsGroup: number | undefined): Promise<void> {
  for (const [path, { bytes, mode, uid }] of payload) {
    const file = join(dir, path);
    if (path.includes("/")) await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, bytes, { mode: 0o600 });
    // The process's umask takes from the mode of new files, so it is set afterwards.
    await chmod(file, fsGroup === undefined ? mode : mode | 0o440);
    if (uid !== undefined || fsGroup !== undefined) await chown(file, uid ?? 0, fsGroup ?? 0);
  }
  if (fsGroup !== undefined) await chown(dir, 0, fsGroup);
}

/** Top level names become links; those that are no longer wanted go. */
async function linkAll(target: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split("/")[0]!));
  for (const name of await readdir(target)) {
    if (name.startsWith("..")) continue;
    if (!wanted.delete(name)) await rm(join(target, name), { force: true });
  }
  for (const name of wanted) await symlink(join(DATA, name), join(target, name));
}

async function holds(dir: string, payload: Payload): Promise<boolean> {
  let files = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []))
    if (!entry.isDirectory()) files++;
  if (files !== payload.size) return false;
  for (const [path, { bytes }] of payload) {
    const before = await readFile(join(dir, path)).catch(() => undefined);
    if (!before || !before.equals(bytes)) return false;
  }
  return (await lstat(dir)).isDirectory();
}
