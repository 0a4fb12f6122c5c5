/** The programs under test are started as users start them: bundled, and with what V8 has compiled kept for the next. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle as bundleInto } from "../tools/bundle.ts";
import { newFolder } from "./workspace.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles a file of this folder; gives the path of the result. */
export async function bundle(entry: string): Promise<string> {
  const folder = newFolder("program");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await bundleInto({ program: join("bench", entry) }, folder);
  return join(folder, "program.js");
}

/** As `./k8ts` sets it: the first start of a program is slower than the others. */
export const withCompileCache = (program: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_COMPILE_CACHE: join(program, "..", ".compile-cache"),
});
