/** Files by open descriptors: these lead to what was opened, whatever its name has become since. */
import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** Not among Node's constants: the file is only named, not opened for reading. */
const O_PATH = 0o10000000;

/** As long as it is open, this leads to it. */
export const pathOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;

/** Names a file or directory; links in the path are followed. */
export const openPath = (path: string, flags = 0): Promise<FileHandle> => open(path, O_PATH | flags);

/** Names what an open directory has under this name. A link is opened as such, where no directory is asked for. */
export const openEntry = (directory: FileHandle, name: string, flags = 0): Promise<FileHandle> =>
  open(join(pathOf(directory), name), O_PATH | constants.O_NOFOLLOW | flags);

/** So long a path, with a name behind it, is not yet too long for the kernel. */
const PATH_BYTES_MAX = 3_000;

/**
 * Does something with a directory under a path that names of what is in it can be put behind, however deep it lies:
 * whoever makes directories one in the other, each from inside of the last, comes to where no path leads.
 */
export async function atShortPath<T>(path: string, work: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return work(path);
  await using directory = await openPath(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  return await work(pathOf(directory));
}
