/** Bundles the program into dist/k8ts.js, which starts several times faster than its sources. */
import { mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const fresh = join(dist, `.new-${process.pid}`);
const began = new Date();

/** Packages with binaries of their own stay outside. */
const EXTERNAL = ["lmdb", "koffi"];

/** Some dependencies still ask for modules the old way. */
const REQUIRE =
  'import { createRequire as k8tsCreateRequire } from "node:module"; const require = k8tsCreateRequire(import.meta.url);';

mkdirSync(fresh, { recursive: true });
try {
  await build({
    absWorkingDir: root,
    entryPoints: { k8ts: "src/cli/main.ts" },
    outdir: fresh,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: EXTERNAL,
    sourcemap: "linked",
    minify: false,
    banner: { js: REQUIRE },
    logLevel: "error",
  });
  // As old as what it was built from: a source changed meanwhile is newer.
  utimesSync(join(fresh, "k8ts.js"), began, began);
  for (const file of ["k8ts.js.map", "k8ts.js"]) renameSync(join(fresh, file), join(dist, file));
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
