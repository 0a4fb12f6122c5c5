import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import type { Labels, Measures, Reading } from "#base/measures";
import { Scope } from "#base/scope";
import { QueueMeters } from "./queue-meters.ts";
import { WorkQueue } from "./work-queue.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a key is worked on once for many additions, never twice at a time, and again when added meanwhile", async () => {
  const clock = new VirtualClock();
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new WorkQueue({
    clock,
    workers: 2,
    work: (key) => {
      started.push(key);
      return new Promise((resolve) => ends.push(() => resolve({})));
    },
  });
  for (const key of ["a", "a", "b", "c"]) queue.add(key);
  await turn();
  assert.deepEqual(started, ["a", "b"]);
  queue.add("a");
  ends[0]!();
  await turn();
  await turn();
  await turn();
  assert.deepEqual(started, ["a", "b", "c"]);
  for (const end of ends) end();
  await turn();
  await turn();
  await turn();
  assert.deepEqual(started, ["a", "b", "c", "a"]);
  ends[3]!();
  await queue.close();
});

test("failures come back later and later, success starts afresh", async () => {
  const clock = new VirtualClock();
  let tries = 0;
  const queue = new WorkQueue({
    clock,
    workers: 1,
    work: async (key) => {
      if (++tries < 4) queue.retry(key);
      else queue.succeeded(key);
      return {};
    },
  });
  queue.add("a");
  await turn();
  await turn();
  assert.equal(tries, 1);
  await clock.advance(5);
  await turn();
  assert.equal(tries, 2);
  await clock.advance(5);
  await turn();
  assert.equal(tries, 2);
  await clock.advance(5);
  await turn();
  assert.equal(tries, 3);
  await clock.advance(20);
  await turn();
  assert.equal(tries, 4);
  await queue.close();
});

test("a held key waits, and other keys go on", async () => {
  const worked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const queue = new WorkQueue({
    clock: new VirtualClock(),
    workers: 1,
    work: async (key) => {
      worked.push(key);
      return key === "a" ? { until: promise } : {};
    },
  });
  queue.add("a");
  await turn();
  queue.add("a");
  queue.add("b");
  await turn();
  await turn();
  assert.deepEqual(worked, ["a", "b"]);
  resolve();
  await turn();
  await turn();
  assert.deepEqual(worked, ["a", "b", "a"]);
  await queue.close();
});

test("what is counted of a queue: what waits, what is worked on and how long that took", async () => {
  const clock = new VirtualClock();
  const scope = new Scope();
  const added: Record<string, number[]> = {};
  const read = new Map<string, () => Iterable<Reading>>();
  const measures: Measures = {
    meter: ({ name }) => ({ add: (value) => void (added[name] ??= []).push(value) }),
    watch: ({ name }, reads) => {
      read.set(name, reads);
      return () => void read.delete(name);
    },
  };
  const valueOf = (name: string): number => [...read.get(name)!()][0]!.value;
  const labelsOf = (name: string): Labels => [...read.get(name)!()][0]!.labels;
  let end: () => void = () => undefined;
  const queue = new WorkQueue({
    clock,
    workers: 1,
    meters: new QueueMeters({ measures, name: "eels", clock, scope }),
    work: () => new Promise((resolve) => (end = () => resolve({}))),
  });
  queue.add("a");
  await turn();
  for (const key of ["b", "b"]) queue.add(key);
  assert.deepEqual(labelsOf("workqueue_depth"), { name: "eels" });
  assert.equal(valueOf("workqueue_depth"), 1);
  await clock.advance(2_000);
  assert.equal(valueOf("workqueue_unfinished_work_seconds"), 2);
  assert.equal(valueOf("workqueue_longest_running_processor_seconds"), 2);
  end();
  await turn();
  await turn();
  assert.equal(valueOf("workqueue_depth"), 0);
  queue.retry("a");
  assert.deepEqual(added, {
    workqueue_adds_total: [1, 1],
    workqueue_queue_duration_seconds: [0, 2],
    workqueue_work_duration_seconds: [2],
    workqueue_retries_total: [1],
  });
  end();
  await turn();
  await queue.close();
  await scope.close();
  assert.equal(read.size, 0);
});

test("a queue that is held takes keys in, and works on them when it is released", async () => {
  const started: string[] = [];
  const work = async (key: string) => {
    started.push(key);
    return {};
  };
  const queue = new WorkQueue({ clock: new VirtualClock(), workers: 2, held: true, work });
  for (const key of ["a", "b", "a"]) queue.add(key);
  await turn();
  assert.deepEqual(started, []);
  queue.release();
  await turn();
  assert.deepEqual(started, ["a", "b"]);
  await queue.close();
});
