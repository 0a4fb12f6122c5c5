/** The programs under test are started as users start them: bundled into one file. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { newFolder } from "./workspace.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const REQUIRE =
  'import { createRequire as benchCreateRequire } from "node:module"; const require = benchCreateRequire(import.meta.url);';

/** Bundles a file of this folder; gives the path of the result. */
export async function bundle(entry: string): Promise<string> {
  const folder = newFolder("program");
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const outfile = join(folder, "program.mjs");
  await build({
    absWorkingDir: root,
    entryPoints: [join("bench", entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: ["lmdb", "koffi"],
    banner: { js: REQUIRE },
    logLevel: "error",
  });
  return outfile;
}
