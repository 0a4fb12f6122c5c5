import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import koffi from "koffi";
import { podDir, subPathTarget } from "../pod/directories.ts";
import { unmount } from "./mount-syscall.ts";
import { removePodDir } from "./pod-volumes.ts";
import { mountSubPath, openBelow } from "./sub-path.ts";

suite("a part of a volume", () => {
  let dir: string;
  let volume: string;
  let target: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "sub-path-"));
    volume = join(dir, "volume");
    target = join(dir, "kubelet", "mounts", "0");
    await mkdir(join(volume, "inner"), { recursive: true });
    await writeFile(join(volume, "inner", "file"), "inside");
    await mkdir(join(dir, "outside"));
    await writeFile(join(dir, "outside", "file"), "secret");
  });

  afterEach(async () => {
    unmount(target);
    await rm(dir, { recursive: true });
  });

  const text = (...names: string[]) => readFile(join(target, ...names), "utf8");

  test("a directory and a file are mounted, one after the other", async () => {
    await mountSubPath(volume, "inner", target);
    assert.equal(await text("file"), "inside");
    await writeFile(join(target, "more"), "written");
    assert.equal(await readFile(join(volume, "inner", "more"), "utf8"), "written");
    await mountSubPath(volume, "./inner/file", target);
    assert.equal(await text(), "inside");
  });

  test("links inside the volume are followed", async () => {
    await symlink("inner", join(volume, "data"));
    await symlink("data/file", join(volume, "key"));
    await mountSubPath(volume, "key", target);
    assert.equal(await text(), "inside");
  });

  test("what is missing is made, as open as the volume", async () => {
    await chmod(volume, 0o2770);
    await mountSubPath(volume, "inner/deep/er", target);
    for (const name of ["inner/deep", "inner/deep/er"])
      assert.equal((await stat(join(volume, name))).mode & 0o7777, 0o2770);
    await writeFile(join(target, "new"), "");
    await stat(join(volume, "inner/deep/er/new"));
  });

  const escapes: [string, string][] = [
    ["../outside", "link"],
    ["../outside/file", "link"],
    ["/etc", "link"],
    ["/", "link"],
    ["../outside", "link/made"],
  ];
  for (const [to, subPath] of escapes) {
    test(`a link to ${to} does not lead ${subPath} out of the volume`, async () => {
      await symlink(to, join(volume, "link"));
      await assert.rejects(mountSubPath(volume, subPath, target), /"link" leads out of the volume/);
      await assert.rejects(stat(target), { code: "ENOENT" });
      await assert.rejects(stat(join(dir, "outside", "made")), { code: "ENOENT" });
    });
  }

  test("nothing is made where a link leads nowhere", async () => {
    await symlink("../outside/new", join(volume, "link"));
    await assert.rejects(mountSubPath(volume, "link/made", target));
    await assert.rejects(stat(join(dir, "outside", "new")), { code: "ENOENT" });
  });

  for (const subPath of ["../outside", "inner/../../outside", "/etc"]) {
    test(`${subPath} is refused`, async () => {
      await assert.rejects(mountSubPath(volume, subPath, target), /must be relative and may not contain/);
    });
  }

  test("a name that became a link after it was looked at is not followed", async () => {
    await rename(join(volume, "inner"), join(volume, "was"));
    await symlink("../outside", join(volume, "inner"));
    await assert.rejects(openBelow(volume, ["inner", "file"]), { code: "ENOTDIR" });
    await assert.rejects(openBelow(volume, ["inner"]), /became a link/);
  });

  test("what was found is what is mounted, whatever its name has become", async () => {
    await using found = await openBelow(volume, ["inner"]);
    await rename(join(volume, "inner"), join(volume, "was"));
    await symlink("../outside", join(volume, "inner"));
    assert.equal(await readFile(`/proc/self/fd/${found.fd}/file`, "utf8"), "inside");
  });

  test("a pod's directory goes without its volumes' files, also where the way to it is a link", async () => {
    await mkdir(join(dir, "disk"));
    await symlink("disk", join(dir, "root"));
    const dirs = { root: join(dir, "root"), logs: join(dir, "logs") };
    target = subPathTarget(dirs, "uid", { volume: "data", container: "c", index: 0 });
    await mountSubPath(volume, "inner", target);
    await removePodDir(dirs, "uid");
    assert.equal(await readFile(join(volume, "inner", "file"), "utf8"), "inside");
    await assert.rejects(stat(podDir(dirs, "uid")), { code: "ENOENT" });
  });

  test("someone who swaps a directory for a link all the time never gets anything else", async () => {
    await mkdir(join(volume, "inner", "part"));
    await writeFile(join(volume, "inner", "part", "file"), "inside");
    await mkdir(join(dir, "outside", "part"));
    await writeFile(join(dir, "outside", "part", "file"), "secret");
    await symlink("../outside", join(volume, "link"));
    const renameat2 = koffi.load("libc.so.6").func("int renameat2(int, const char*, int, const char*, uint)");
    const [AT_FDCWD, RENAME_EXCHANGE] = [-100, 2];
    let swapping = true;
    const swap = () => {
      renameat2(AT_FDCWD, join(volume, "inner"), AT_FDCWD, join(volume, "link"), RENAME_EXCHANGE);
      if (swapping) setImmediate(swap);
    };
    swap();
    for (let tries = 0; tries < 200; tries++) {
      const isMounted = await mountSubPath(volume, "inner/part", target).then(
        () => true,
        () => false,
      );
      if (isMounted) assert.equal(await text("file"), "inside");
    }
    swapping = false;
  });
});
