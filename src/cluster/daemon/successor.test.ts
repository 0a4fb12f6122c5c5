import assert from "node:assert/strict";
import { test } from "node:test";
import { restartDelayMs, restartsIn } from "./successor.ts";

test("the first restart is at once, later ones wait twice as long each, up to half a minute", () => {
  const restarts = [0, 1, 2, 3, 4, 5, 6, 7, 100];
  assert.deepEqual(restarts.map(restartDelayMs), [0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("who was started by somebody was not started again", () => {
  assert.equal(restartsIn({}), 0);
  assert.equal(restartsIn({ K8TS_RESTARTS: "3" }), 3);
});
