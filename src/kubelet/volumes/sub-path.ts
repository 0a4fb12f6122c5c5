/** A part of a volume, mounted where only the kubelet can reach. */
import {
  chmod,
  constants,
  type FileHandle,
  lstat,
  mkdir,
  realpath,
  rmdir,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { openEntry, openPath, pathOf } from "./descriptors.ts";
import { bindMount, unmount } from "./mount-syscall.ts";

/** The part cannot be had; the text shows nothing of the host. */
export class SubPathError extends Error {
  override readonly name = "SubPathError";
}

const PERMISSIONS = 0o2777;

/**
 * Mounts `subPath` of the volume on `target`, which it makes; what is missing of the path is made as a directory. Links
 * inside the volume may not lead out of it, nor may whoever can write to it make them do so meanwhile: the way is found
 * with them and then gone without, and what is mounted is what was found open at its end.
 */
export async function mountSubPath(volumePath: string, subPath: string, target: string): Promise<void> {
  const root = await realpath(volumePath);
  const way = await findWay(root, partsOf(subPath));
  await using part = await openBelow(root, way);
  const isDirectory = (await part.stat()).isDirectory();
  unmount(target);
  await removeTarget(target);
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  await (isDirectory ? mkdir(target) : writeFile(target, ""));
  bindMount(pathOf(part), target);
}

/** Only the empty place itself: what may still be mounted on it is the volume's, and stays. */
async function removeTarget(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined);
  if (found) await (found.isDirectory() ? rmdir(target) : unlink(target));
}

function partsOf(subPath: string): readonly string[] {
  const parts = subPath.split("/").filter((part) => part !== "" && part !== ".");
  if (subPath.startsWith("/") || parts.includes(".."))
    throw new SubPathError(`subPath "${subPath}" must be relative and may not contain ".."`);
  return parts;
}

/** The names from `root` to the part, links resolved. */
async function findWay(root: string, parts: readonly string[]): Promise<readonly string[]> {
  let way: readonly string[] = [];
  for (const part of parts) way = (await resolved(root, way, part)) ?? (await made(root, way, part));
  return way;
}

/** `undefined`: there is no such thing, nor a link in its place. */
async function resolved(
  root: string,
  way: readonly string[],
  part: string,
): Promise<readonly string[] | undefined> {
  let path: string;
  try {
    path = await realpath(join(root, ...way, part));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
  if (path !== root && !path.startsWith(root === sep ? sep : root + sep))
    throw new SubPathError(`"${part}" leads out of the volume`);
  return relative(root, path).split(sep).filter(Boolean);
}

/** As open as the volume itself: who may use that may use this. */
async function made(root: string, way: readonly string[], part: string): Promise<readonly string[]> {
  await using parent = await openBelow(root, way);
  await mkdir(join(pathOf(parent), part));
  await using child = await step(parent, part, constants.O_DIRECTORY);
  await using volume = await openPath(root);
  const { mode } = await volume.stat();
  await chmod(pathOf(child), mode & PERMISSIONS);
  return [...way, part];
}

/** Goes down from `root` name by name; a link on the way ends it. */
export async function openBelow(root: string, way: readonly string[]): Promise<FileHandle> {
  let here = await openPath(root, constants.O_DIRECTORY);
  for (const [index, name] of way.entries()) {
    await using parent = here;
    here = await step(parent, name, index < way.length - 1 ? constants.O_DIRECTORY : 0);
  }
  return here;
}

async function step(parent: FileHandle, name: string, flags: number): Promise<FileHandle> {
  const child = await openEntry(parent, name, flags);
  // A link is opened as such where it is not asked to be a directory.
  if (!(await child.stat()).isSymbolicLink()) return child;
  await child.close();
  throw new SubPathError(`"${name}" became a link while it was looked at`);
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
