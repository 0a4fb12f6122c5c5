import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
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
