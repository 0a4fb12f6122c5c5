import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OomKills } from "./oom-kills.ts";

const id = (digit: string) => digit.repeat(64);

const record = (cgroup: string) =>
  `6,1700,22734652379,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=${id("c")},mems_allowed=0,` +
  `oom_memcg=/kubepods/burstable/pod1,task_memcg=${cgroup},task=tail,pid=25317,uid=0\n`;

test("the kernel's log says which containers lost a process for want of memory", async () => {
  const dir = await mkdtemp(join(tmpdir(), "kmsg-"));
  const path = join(dir, "kmsg");
  await writeFile(path, `6,1,1,-;eth0: link up\n${record(`/kubepods/burstable/pod1/${id("a")}`)}`);
  const kills = new OomKills(path);
  try {
    assert.equal(await kills.has(id("a")), true);
    assert.equal(await kills.has(id("c")), false, "a cpuset is not where the process was");
    assert.equal(await kills.has(id("b")), false);
    await appendFile(path, record(`/kubepods.slice/cri-containerd-${id("b")}.scope`));
    assert.deepEqual(await Promise.all([kills.has(id("b")), kills.has(id("a"))]), [true, true]);
  } finally {
    await kills.close();
    await rm(dir, { recursive: true });
  }
});

test("without a log, nobody counts as killed", async () => {
  const kills = new OomKills("/nowhere/kmsg");
  assert.equal(await kills.has(id("a")), false);
  await kills.close();
});
