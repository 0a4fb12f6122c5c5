import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { PressureMemory, shortageOf, victimOf } from "./pressure.ts";

const GIB = 1024 ** 3;
const disk = { capacityBytes: 100 * GIB, availableBytes: 50 * GIB, inodes: 1000, inodesFree: 500 };
const plenty = { memoryBytes: 4 * GIB, disk, imageDisk: disk };

suite("what a node is short of", () => {
  const table = [
    ["nothing", plenty, undefined],
    ["memory", { ...plenty, memoryBytes: 50 * 1024 * 1024 }, "memory"],
    ["disk", { ...plenty, disk: { ...disk, availableBytes: 9 * GIB } }, "ephemeral-storage"],
    ["disk for images", { ...plenty, imageDisk: { ...disk, availableBytes: 14 * GIB } }, "ephemeral-storage"],
    ["inodes", { ...plenty, disk: { ...disk, inodesFree: 49 } }, "inodes"],
    [
      "a file system that counts no inodes",
      { ...plenty, disk: { ...disk, inodes: 0, inodesFree: 0 } },
      undefined,
    ],
  ] as const;
  for (const [name, supplies, wanted] of table)
    test(name, () => assert.equal(shortageOf(supplies)?.resource, wanted));
});

test("a pressure lasts five minutes longer than its cause", () => {
  const memory = new PressureMemory();
  memory.note(shortageOf({ ...plenty, memoryBytes: 0 }), 1_000);
  memory.note(undefined, 100_000);
  assert.ok(memory.pressures(300_000).memory);
  assert.ok(!memory.pressures(301_000).memory);
});

suite("who has to go", () => {
  const pod = (name: string, requestMebi: number, priority = 0): Pod =>
    ({
      metadata: { name },
      spec: {
        priority,
        containers: [
          { name: "a", resources: requestMebi ? { requests: { memory: `${requestMebi}Mi` } } : {} },
        ],
      },
    }) as unknown as Pod;
  const using = (of: Pod, mebi: number) => ({ pod: of, memoryBytes: mebi * 1024 * 1024 });
  const victim = (...candidates: ReturnType<typeof using>[]) => victimOf(candidates)?.pod.metadata.name;

  test("who takes more than asked for", () =>
    assert.equal(victim(using(pod("modest", 500), 400), using(pod("greedy", 100), 200)), "greedy"));
  test("of those the least important", () =>
    assert.equal(victim(using(pod("high", 0, 10), 900), using(pod("low", 0, 1), 100)), "low"));
  test("of those the one that takes most", () =>
    assert.equal(victim(using(pod("small", 0), 10), using(pod("big", 0), 20)), "big"));
  test("never what the cluster needs", () =>
    assert.equal(victim(using(pod("critical", 0, 2_000_000_000), 900)), undefined));
});
