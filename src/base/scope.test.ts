import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { VirtualClock } from "./virtual-clock.ts";
import { sleep } from "./clock.ts";
import { Scope } from "./scope.ts";

test("closing aborts the work, waits for it, then cleans up, last registered first", async () => {
  const seen: string[] = [];
  const scope = new Scope();
  scope.defer(() => seen.push("first"));
  scope.defer(async () => void seen.push("second"));
  scope.run(async (signal) => {
    await sleep(new VirtualClock(), 1, { signal }).catch(() => undefined);
    seen.push("work");
  });
  await scope.close();
  assert.deepEqual(seen, ["work", "second", "first"]);
  scope.run(async () => void seen.push("late"));
  assert.equal(seen.length, 3, "nothing starts in a closed scope");
});

test("work that fails is reported, unless it fails because of the end", async () => {
  const errors: string[] = [];
  const scope = new Scope(({ message }) => errors.push(message));
  scope.run(() => Promise.reject(new Error("broken")));
  scope.run((signal) => sleep(new VirtualClock(), 1, { signal }));
  await new Promise((resolve) => setImmediate(resolve));
  await scope.close();
  assert.deepEqual(errors, ["broken"]);
});

test("a cleanup that fails keeps no other from running", async () => {
  const seen: string[] = [];
  const scope = new Scope();
  scope.defer(() => seen.push("first"));
  scope.defer(() => Promise.reject(new Error("stuck")));
  await assert.rejects(scope.close(), /stuck/);
  assert.deepEqual(seen, ["first"]);
});

test("a child ends with its parent, and leaves nothing behind when it ends before", async () => {
  const parent = new Scope();
  const before = getEventListeners(parent.signal, "abort").length;
  const early = parent.child();
  await early.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(getEventListeners(parent.signal, "abort").length, before);
  const late = parent.child();
  let cleaned = false;
  late.defer(() => void (cleaned = true));
  await parent.close();
  assert.ok(late.closed && cleaned);
});
