import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { ended, goneAtMs, instantLife, isReady, type PodRun, progress } from "./pod-run.ts";

const podWith = (restartPolicy: string, metadata: object = {}) =>
  ({ metadata, spec: { restartPolicy, containers: [] }, status: {} }) as unknown as Pod;
const always = podWith("Always");
const bound: PodRun = { seenMs: 1_000, ip: "198.18.0.2", restarts: 0, state: { is: "waiting" } };
const running: PodRun = { ...bound, state: { is: "running", sinceMs: 2_000 } };

test("a pod starts, becomes ready, and then waits for nothing", () => {
  const life = { startMs: 500, readyMs: 300, stopMs: 0 };
  assert.deepEqual(progress(always, bound, life, 1_400), { run: bound, nextMs: 1_500 });
  const started = progress(always, bound, life, 1_500);
  assert.deepEqual(started.run.state, { is: "running", sinceMs: 1_500 });
  assert.equal(started.nextMs, 1_800);
  assert.equal(isReady(started.run, life, 1_799), false);
  assert.equal(isReady(started.run, life, 1_800), true);
  assert.equal(progress(always, started.run, life, 1_800).nextMs, undefined);
  assert.equal(isReady({ ...started.run, unready: true }, life, 1_800), false);
});

test("what comes of a process that ends is up to the restart policy", () => {
  const cases = [
    ["Always", 0, "crashed"],
    ["Always", 1, "crashed"],
    ["OnFailure", 0, "finished"],
    ["OnFailure", 1, "crashed"],
    ["Never", 0, "finished"],
    ["Never", 1, "finished"],
  ] as const;
  for (const [policy, code, then] of cases) {
    const run = ended(podWith(policy), running, code, 3_000);
    assert.equal(run.state.is, then, `${policy} after ${code}`);
    assert.deepEqual(run.lastExit, { code, startedMs: 2_000, atMs: 3_000 });
  }
});

test("restarts wait twice as long each time, up to five minutes", () => {
  const waits = [0, 1, 2, 3, 10].map((restarts) => {
    const { state } = ended(always, { ...running, restarts }, 1, 3_000);
    return state.is === "crashed" ? state.untilMs - 3_000 : undefined;
  });
  assert.deepEqual(waits, [0, 10_000, 20_000, 40_000, 300_000]);
  const crashed = ended(always, { ...running, restarts: 1 }, 1, 3_000);
  assert.equal(progress(always, crashed, instantLife, 12_999).run.restarts, 1);
  assert.equal(progress(always, crashed, instantLife, 13_000).run.restarts, 2);
});

test("a process that ends by itself does so in time", () => {
  const life = { ...instantLife, runMs: 1_000, exitCode: 3 };
  const never = podWith("Never");
  assert.equal(progress(never, running, life, 2_999).nextMs, 3_000);
  const { run } = progress(never, running, life, 3_000);
  assert.deepEqual([run.state.is, run.lastExit?.code], ["finished", 3]);
  const atOnce = progress(always, bound, { ...instantLife, runMs: 0 }, 1_000);
  assert.equal(atOnce.nextMs, 1_001);
});

test("a pod that is asked to stop is gone after its time, or its grace period", () => {
  const leaving = podWith("Always", {
    deletionTimestamp: "2026-01-01T00:00:30Z",
    deletionGracePeriodSeconds: 30,
  });
  const askedMs = Date.UTC(2026, 0, 1);
  assert.equal(goneAtMs(leaving, { ...instantLife, stopMs: 2_000 }), askedMs + 2_000);
  assert.equal(goneAtMs(leaving, { ...instantLife, stopMs: 99_000 }), askedMs + 30_000);
});
