import { chmod, lstat, mkdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/**
 * The host path of a part of a volume, which is made as a directory where it is missing. Links inside the volume
 * may not lead out of it.
 */
export async function resolveSubPath(
  volumePath: string,
  subPath: string,
  readOnly: boolean,
): Promise<string> {
  const parts = subPath.split("/").filter((part) => part !== "" && part !== ".");
  if (subPath.startsWith("/") || parts.includes(".."))
    throw new Error(`subPath "${subPath}" must be relative and may not contain ".."`);
  const root = await realpath(volumePath);
  let path = root;
  for (const part of parts) {
    const next = join(path, part);
    if (!(await lstat(next).catch(() => undefined))) {
      if (readOnly) throw new Error(`subPath "${subPath}" does not exist in the volume`);
      await mkdir(next);
      // As open as the volume itself: who may use that may use this.
      await chmod(next, (await stat(root)).mode & 0o777);
    }
    path = await realpath(next);
    if (path !== root && !path.startsWith(root + sep))
      throw new Error(`subPath "${subPath}" leads out of its volume`);
  }
  return path;
}
