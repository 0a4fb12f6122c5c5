import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** One TypeScript file of the tree, with what it imports. Paths are relative to the root, with `/`. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** The file meant, for imports inside the tree. */
  readonly file: string | undefined;
  /** Erased at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const SKIPPED = new Set(["node_modules", "dist", ".git"]);

/** All files below `root` with this ending. */
export function filesBelow(root: string, ending: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(root, ending, path);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

export const readSources = (root: string): Source[] =>
  filesBelow(root, ".ts").map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return { path, text, imports: importsOf(path, text) };
  });

const STATEMENT = /^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const CALL = /\bimport\(\s*"([^"]+)"/g;

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, index: number) =>
    found.push({ specifier, file: fileOf(path, specifier), typeOnly, line: lineAt(text, index) });
  for (const match of text.matchAll(STATEMENT)) add(match[2]!, match[1] !== undefined, match.index);
  for (const match of text.matchAll(CALL)) add(match[1]!, false, match.index);
  return found;
}

export const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

function fileOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}.ts`;
  // Data, which the compiler looks after.
  if (specifier.endsWith(".json")) return undefined;
  if (specifier.startsWith(".")) return relative(".", join(dirname(from), specifier));
  return undefined;
}
