import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { writeAtomically } from "./atomic-writer.ts";

suite("a volume that is written all at once", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "atomic-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const payload = (files: Readonly<Record<string, string>>, mode = 0o644) =>
    new Map(Object.entries(files).map(([path, text]) => [path, { bytes: Buffer.from(text), mode }]));
  const write = (files: Readonly<Record<string, string>>, name: string) =>
    writeAtomically(dir, payload(files), name, undefined);
  const visible = async () => (await readdir(dir)).filter((name) => !name.startsWith("..")).toSorted();

  test("shows its files through one link", async () => {
    assert.ok(await write({ a: "1", "sub/b": "2" }, "..one"));
    assert.equal(await readFile(join(dir, "a"), "utf8"), "1");
    assert.equal(await readFile(join(dir, "sub/b"), "utf8"), "2");
    assert.equal(await readlink(join(dir, "a")), "..data/a");
    assert.equal(await readlink(join(dir, "..data")), "..one");
  });

  test("stays as it is when nothing changed", async () => {
    await write({ a: "1" }, "..one");
    assert.equal(await write({ a: "1" }, "..two"), false);
    assert.equal(await readlink(join(dir, "..data")), "..one");
  });

  test("loses what is gone, and the old set with it", async () => {
    await write({ a: "1", b: "2" }, "..one");
    await write({ b: "3", c: "4" }, "..two");
    assert.deepEqual(await visible(), ["b", "c"]);
    assert.equal(await readFile(join(dir, "b"), "utf8"), "3");
    assert.ok(!(await readdir(dir)).includes("..one"));
  });

  test("has the modes asked for", async () => {
    await writeAtomically(dir, payload({ a: "1" }, 0o400), "..one", undefined);
    assert.equal((await stat(join(dir, "a"))).mode & 0o777, 0o400);
  });
});
