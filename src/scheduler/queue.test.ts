import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { VirtualClock } from "#base/virtual-clock";
import { defaultPlugins } from "./plugins/registry.ts";
import { SchedulingQueue } from "./queue.ts";

const pod = (name: string, priority = 0): Pod =>
  ({ metadata: { name, uid: name }, spec: { priority }, status: {} }) as unknown as Pod;

function setUp(): { clock: VirtualClock; queue: SchedulingQueue; next: () => string | undefined } {
  const clock = new VirtualClock();
  const queue = new SchedulingQueue(clock, defaultPlugins, () => undefined);
  return { clock, queue, next: () => queue.next()?.metadata.name };
}

test("the most important pod comes first, then the one that waited longest", () => {
  const { queue, next } = setUp();
  queue.set(pod("a"));
  queue.set(pod("b"));
  queue.set(pod("c", 5));
  assert.deepEqual([next(), next(), next(), next()], ["c", "a", "b", undefined]);
});

test("a rejected pod waits for a change that can help it, and then for its backoff", async () => {
  const { clock, queue, next } = setUp();
  queue.set(pod("a"));
  next();
  queue.failed("a", new Set(["NodeResourcesFit"]));
  await clock.advance(20_000);
  queue.changed({ kind: "Node", change: "taints" });
  assert.equal(next(), undefined, "taints make no room");
  queue.changed({ kind: "Pod", change: "deleted" });
  assert.equal(next(), "a", "the backoff is over already");
  queue.failed("a", new Set(["NodeResourcesFit"]));
  queue.changed({ kind: "Pod", change: "deleted" });
  assert.equal(next(), undefined);
  await clock.advance(2_000);
  assert.equal(next(), "a");
});

test("a change while the pod was being tried is not lost", async () => {
  const { clock, queue, next } = setUp();
  queue.set(pod("a"));
  next();
  queue.changed({ kind: "Node", change: "added" });
  queue.failed("a", new Set(["NodeResourcesFit"]));
  await clock.advance(1_000);
  assert.equal(next(), "a");
});

test("errors back off, doubling up to ten seconds", async () => {
  const { clock, queue, next } = setUp();
  queue.set(pod("a"));
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    assert.equal(next(), "a");
    queue.failed("a", new Set());
    await clock.advance(waitMs - 1);
    assert.equal(next(), undefined);
    await clock.advance(1);
  }
});

test("a pod that no change woke is tried again after five minutes", async () => {
  const { clock, queue, next } = setUp();
  queue.set(pod("a"));
  next();
  queue.failed("a", new Set(["NodeAffinity"]));
  await clock.advance(5 * 60_000);
  assert.equal(next(), "a");
});

test("a deleted pod is gone from every place", async () => {
  const { clock, queue, next } = setUp();
  queue.set(pod("active"));
  queue.delete("active");
  queue.set(pod("waiting"));
  next();
  queue.failed("waiting", new Set());
  queue.delete("waiting");
  await clock.advance(10_000);
  assert.equal(next(), undefined);
  assert.equal(queue.size, 0);
});

test("where pods are, and why they came there", async () => {
  const clock = new VirtualClock();
  const came: string[] = [];
  const queue = new SchedulingQueue(
    clock,
    defaultPlugins,
    () => undefined,
    (event, to) => void came.push(`${event} ${to}`),
  );
  const counts = () => [...queue.pending()].filter(([, count]) => count > 0);
  queue.set(pod("a"));
  queue.set(pod("b"));
  assert.deepEqual(counts(), [["active", 2]]);
  queue.next();
  queue.failed("a", new Set(["SchedulingGates"]));
  queue.next();
  queue.failed("b", new Set(["NodeResourcesFit"]));
  assert.deepEqual(counts(), [
    ["unschedulable", 1],
    ["gated", 1],
  ]);
  assert.deepEqual(
    [...queue.rejected()],
    [
      ["SchedulingGates", 1],
      ["NodeResourcesFit", 1],
    ],
  );
  queue.changed({ kind: "Node", change: "allocatable" });
  await clock.advance(1_000);
  assert.deepEqual(came, [
    "UnschedulablePodAdd active",
    "UnschedulablePodAdd active",
    "ScheduleAttemptFailure gated",
    "ScheduleAttemptFailure unschedulable",
    "NodeUpdateNodeAllocatable backoff",
    "BackoffComplete active",
  ]);
  assert.equal(queue.next()?.metadata.name, "b");
  assert.equal(queue.patienceOf("b")?.attempts, 2);
});
