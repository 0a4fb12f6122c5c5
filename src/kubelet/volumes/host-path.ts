import { mkdir, open, stat } from "node:fs/promises";
import type { Stats } from "node:fs";

/** Makes or checks what a `hostPath` volume names. Throws when it is not of the type asked for. */
export async function checkHostPath(path: string, type = ""): Promise<void> {
  if (type === "") return;
  const found = await stat(path).catch(() => undefined);
  if (type === "DirectoryOrCreate" && !found)
    return void (await mkdir(path, { recursive: true, mode: 0o755 }));
  if (type === "FileOrCreate" && !found) return (await open(path, "a", 0o644)).close();
  const check = CHECKS[type];
  if (!check) throw new Error(`hostPath type ${type} is not known`);
  if (!found || !check.holds(found))
    throw new Error(`hostPath type check failed: ${path} is not ${check.name}`);
}

interface Check {
  readonly name: string;
  readonly holds: (found: Stats) => boolean;
}

const directory: Check = { name: "a directory", holds: (found) => found.isDirectory() };
const file: Check = { name: "a file", holds: (found) => found.isFile() };

const CHECKS: Readonly<Record<string, Check>> = {
  Directory: directory,
  DirectoryOrCreate: directory,
  File: file,
  FileOrCreate: file,
  Socket: { name: "a socket file", holds: (found) => found.isSocket() },
  CharDevice: { name: "a character device", holds: (found) => found.isCharacterDevice() },
  BlockDevice: { name: "a block device", holds: (found) => found.isBlockDevice() },
};
