import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import koffi from "koffi";
import { belongsToGroup, giveToGroup } from "./ownership.ts";

const GID = 4242;

suite("a volume that is given to a group", () => {
  let dir: string;
  let volume: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "ownership-"));
    volume = join(dir, "volume");
    await mkdir(join(volume, "inner"), { recursive: true, mode: 0o700 });
    await mkdir(join(dir, "outside"), { mode: 0o700 });
    for (const place of ["volume/inner", "outside"]) {
      await writeFile(join(dir, place, "file"), "");
      await chmod(join(dir, place, "file"), 0o600);
    }
  });

  afterEach(() => rm(dir, { recursive: true }));

  const ownedAs = async (...names: string[]) => {
    const { gid, mode } = await lstat(join(dir, ...names));
    return [gid, (mode & 0o7777).toString(8)];
  };

  const assertOutsideUntouched = async () => {
    assert.deepEqual(await ownedAs("outside"), [0, "700"]);
    assert.deepEqual(await ownedAs("outside", "file"), [0, "600"]);
  };

  test("directories and files are the group's, and setuid files stay such", async () => {
    await chmod(join(volume, "inner", "file"), 0o4700);
    assert.equal(await belongsToGroup(volume, GID), false);
    await giveToGroup(volume, GID);
    assert.equal(await belongsToGroup(volume, GID), true);
    assert.deepEqual(await ownedAs("volume", "inner"), [GID, "2770"]);
    assert.deepEqual(await ownedAs("volume", "inner", "file"), [GID, "4760"]);
  });

  test("a volume that was given only in part does not pass for one that was given", async () => {
    let deep = join(volume, "inner");
    for (let depth = 0; depth <= 500; depth++) deep = join(deep, "d");
    await mkdir(deep, { recursive: true });
    await assert.rejects(giveToGroup(volume, GID), /more than 500/);
    assert.equal(await belongsToGroup(volume, GID), false);
  });

  test("links are given, what they lead to is not", async () => {
    await symlink("../outside", join(volume, "link"));
    await symlink("../outside/file", join(volume, "other"));
    await giveToGroup(volume, GID);
    assert.equal((await lstat(join(volume, "link"))).gid, GID);
    assert.equal((await lstat(join(volume, "other"))).gid, GID);
    await assertOutsideUntouched();
  });

  test("someone who swaps a directory for a link all the time gives away nothing else", async () => {
    await symlink("../outside", join(volume, "link"));
    const renameat2 = koffi.load("libc.so.6").func("int renameat2(int, const char*, int, const char*, uint)");
    const [AT_FDCWD, RENAME_EXCHANGE] = [-100, 2];
    let swapping = true;
    const swap = () => {
      renameat2(AT_FDCWD, join(volume, "inner"), AT_FDCWD, join(volume, "link"), RENAME_EXCHANGE);
      if (swapping) setImmediate(swap);
    };
    swap();
    try {
      for (let tries = 0; tries < 200; tries++) await giveToGroup(volume, GID);
    } finally {
      swapping = false;
    }
    await assertOutsideUntouched();
    assert.equal((await stat(volume)).gid, GID);
  });
});
