import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { usedBytes } from "../eviction/storage-limits.ts";
import { removeTree } from "./remove-tree.ts";

const NAME = "n".repeat(200);
const BYTES = 64 * 1024;

/** A file so deep that no path leads to it: each step is put on top of the others. */
function deepTree(levels: number): string {
  const root = mkdtempSync(join(tmpdir(), "deep-"));
  const made = join(root, "made");
  mkdirSync(made);
  writeFileSync(join(made, "file"), new Uint8Array(BYTES));
  for (let level = 0; level < levels; level++) {
    mkdirSync(join(root, "next"));
    renameSync(made, join(root, "next", NAME));
    renameSync(join(root, "next"), made);
  }
  return root;
}

for (const levels of [3, 70]) {
  test(`a file ${levels} directories deep is counted, and goes with them`, async (t) => {
    const root = deepTree(levels);
    t.after(() => {
      if (levels < 10) rmSync(root, { recursive: true, force: true });
    });
    assert.ok((await usedBytes(root)) >= BYTES);
    await removeTree(root);
    assert.equal(existsSync(root), false);
  });
}

test("where there is nothing, nothing is removed", () => removeTree(join(tmpdir(), "k8ts-there-is-none")));
