import { readFile, realpath } from "node:fs/promises";

/** Where something is mounted below a directory, innermost first. The kernel names them without links, so links are followed. */
export async function mountsBelow(dir: string): Promise<readonly string[]> {
  const root = await realpath(dir).catch(() => undefined);
  if (root === undefined) return [];
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const paths = table.split("\n").map((line) => unescapeOctal(line.split(" ")[4] ?? ""));
  return paths.filter((path) => path.startsWith(`${root}/`)).toReversed();
}

/** The kernel writes blanks in paths as `\040`. */
const unescapeOctal = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
