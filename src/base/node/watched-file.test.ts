import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";
import { watchFile } from "./watched-file.ts";

async function started(t: { after(end: () => unknown): void }) {
  const dir = await mkdtemp(join(tmpdir(), "watched-"));
  const end = new AbortController();
  t.after(() => {
    end.abort();
    return rm(dir, { recursive: true });
  });
  const seen: string[] = [];
  let wake = () => undefined as void;
  const until = async (text: string) => {
    while (!seen.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
  };
  const onChange = (text: string) => {
    seen.push(text);
    wake();
  };
  return { dir, signal: end.signal, seen, until, onChange };
}

test("a file is read again when it is written and when another takes its place", async (t) => {
  const { dir, until, ...rest } = await started(t);
  const path = join(dir, "file");
  await writeFile(path, "one");
  watchFile({ path, text: "one", ...rest });
  await writeFile(path, "two");
  await until("two");
  await writeFile(join(dir, "new"), "three");
  await rename(join(dir, "new"), path);
  await until("three");
  assert.deepEqual(rest.seen, ["two", "three"]);
});

test("a file behind a link that is set anew is read again", async (t) => {
  const { dir, until, ...rest } = await started(t);
  await writeFile(join(dir, "first"), "one");
  await writeFile(join(dir, "second"), "two");
  await symlink("first", join(dir, "..data"));
  await symlink("..data", join(dir, "file"));
  watchFile({ path: join(dir, "file"), text: "one", ...rest });
  await symlink("second", join(dir, "..next"));
  await rename(join(dir, "..next"), join(dir, "..data"));
  await until("two");
  assert.deepEqual(rest.seen, ["two"]);
});

test("what changed before watching began is heard of", async (t) => {
  const { dir, until, ...rest } = await started(t);
  await writeFile(join(dir, "file"), "newer");
  watchFile({ path: join(dir, "file"), text: "older", ...rest });
  await until("newer");
  assert.deepEqual(rest.seen, ["newer"]);
});
