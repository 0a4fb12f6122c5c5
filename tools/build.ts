/**
 * Bundles the program into dist/k8ts.js, which starts several times faster than its sources. Each command loads only
 * the chunks that it needs.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const fresh = join(dist, `.new-${process.pid}`);
const began = new Date();

/** A program that was started from chunks of an earlier build may still load one of them within this time. */
const OLD_CHUNKS_MS = 24 * 3600 * 1000;

mkdirSync(fresh, { recursive: true });
try {
  await bundle({ k8ts: "src/cli/main.ts" }, fresh);
  // As old as what it was built from: a source changed meanwhile is newer.
  utimesSync(join(fresh, "k8ts.js"), began, began);
  const made = readdirSync(join(fresh, "chunks"));
  mkdirSync(join(dist, "chunks"), { recursive: true });
  for (const chunk of made) renameSync(join(fresh, "chunks", chunk), join(dist, "chunks", chunk));
  for (const file of ["k8ts.js.map", "k8ts.js"]) renameSync(join(fresh, file), join(dist, file));
  removeOldChunks(new Set(made));
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function removeOldChunks(made: ReadonlySet<string>): void {
  for (const chunk of readdirSync(join(dist, "chunks"))) {
    const path = join(dist, "chunks", chunk);
    if (!made.has(chunk) && began.getTime() - statSync(path).mtimeMs > OLD_CHUNKS_MS) rmSync(path);
  }
}
