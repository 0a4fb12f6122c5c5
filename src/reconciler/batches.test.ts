import assert from "node:assert/strict";
import { test } from "node:test";
import { inParallel, slowStart } from "./batches.ts";

test("what cannot work is tried once and not a hundred times", async () => {
  let tries = 0;
  const { succeeded, failure } = await slowStart(100, async () => {
    tries++;
    throw new Error("quota");
  });
  assert.deepEqual([tries, succeeded, failure?.message], [1, 0, "quota"]);
});

test("batches double: a failure in the third leaves the rest undone", async () => {
  let tries = 0;
  const { succeeded } = await slowStart(100, async (index) => {
    tries++;
    if (index === 5) throw new Error("no");
  });
  assert.deepEqual([tries, succeeded], [7, 6]);
});

test("parallel work is bounded, tries all, and throws the first error", async () => {
  let now = 0;
  let most = 0;
  let done = 0;
  const items = Array.from({ length: 10 }, (_, index) => index);
  const work = inParallel(
    items,
    async (item) => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      done++;
      if (item === 3) throw new Error("three");
    },
    3,
  );
  await assert.rejects(work, /three/);
  assert.deepEqual([most, done], [3, 10]);
});
