import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep, systemClock } from "./clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

const DAY_MS = 24 * 3_600_000;

test("timers longer than the machine can count wait all the same", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let fired = 0;
  systemClock.after(60 * DAY_MS, () => fired++);
  const cancel = systemClock.after(60 * DAY_MS, () => assert.fail("it was cancelled"));
  for (let day = 0; day < 59; day++) t.mock.timers.tick(DAY_MS);
  assert.equal(fired, 0);
  cancel();
  for (let day = 0; day < 2; day++) t.mock.timers.tick(DAY_MS);
  assert.equal(fired, 1);
});

test("sleep ends with its signal, and takes its timer along", async () => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const asleep = sleep(clock, 1000, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(asleep, /enough/);
  assert.equal(clock.nextDue(), undefined);
  await assert.rejects(sleep(clock, 1, { signal: abort.signal }), /enough/);
});

test("a virtual clock runs timers in the order in which they are due", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.after(20, () => seen.push("b"));
  clock.after(10, () => {
    seen.push("a");
    clock.after(5, () => seen.push("a2"));
  });
  await clock.advance(19);
  assert.deepEqual(seen, ["a", "a2"]);
  await clock.advance(1);
  assert.deepEqual(seen, ["a", "a2", "b"]);
});
