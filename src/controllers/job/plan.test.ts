import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "#api/batch-v1/job";
import type { Pod } from "#api/core-v1/pod";
import { formatIndexes, parseIndexes } from "./indexes.ts";
import { planJob } from "./plan.ts";
import { TRACKING } from "./pods.ts";

const NOW = Date.UTC(2026, 0, 1);
const time = (ms: number) => new Date(NOW + ms).toISOString().replace(".000Z", "Z");

function job(spec: object = {}, status: object = {}): Job {
  const defaults = {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
  };
  return {
    metadata: { name: "j", namespace: "ns", uid: "j", resourceVersion: "1", creationTimestamp: time(0) },
    spec: {
      ...defaults,
      podReplacementPolicy: "TerminatingOrFailed",
      template: { metadata: {}, spec: {} },
      ...spec,
    },
    status,
  } as unknown as Job;
}

let uid = 0;
function pod(
  phase: string,
  { tracked = true, index = undefined as number | undefined, endedMs = -3_600_000 } = {},
): Pod {
  const annotations =
    index === undefined ? {} : { "batch.kubernetes.io/job-completion-index": String(index) };
  const over = phase === "Succeeded" || phase === "Failed";
  return {
    metadata: {
      name: "p",
      uid: `u${uid++}`,
      creationTimestamp: time(endedMs),
      annotations,
      ...(tracked ? { finalizers: [TRACKING] } : {}),
    },
    spec: {},
    status: {
      phase,
      containerStatuses: over
        ? [{ name: "c", state: { terminated: { exitCode: 1, finishedAt: time(endedMs) } } }]
        : [],
    },
  } as unknown as Pod;
}

const conditions = ({ status }: { status: Job["status"] }) =>
  (status.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) => type);

test("a new job starts as many pods as may run at once", () => {
  const plan = planJob(job({ parallelism: 3, completions: 5 }), [], NOW);
  assert.equal(plan.create.length, 3);
  assert.equal(plan.status.startTime, time(0));
});

test("a success is first noted, then counted, and then the job is complete", () => {
  const done = pod("Succeeded");
  const first = planJob(job(), [done], NOW);
  assert.deepEqual(first.status.uncountedTerminatedPods, { succeeded: [done.metadata.uid] });
  assert.deepEqual(
    [first.release, first.ended, conditions(first)],
    [[done], undefined, ["SuccessCriteriaMet"]],
  );
  const freed = { ...done, metadata: { ...done.metadata, finalizers: [] } };
  const second = planJob(job({}, first.status), [freed], NOW);
  assert.equal(second.status.succeeded, 1);
  assert.deepEqual(conditions(second), ["SuccessCriteriaMet", "Complete"]);
  assert.equal(second.ended?.reason, "CompletionsReached");
});

test("a pod that is gone before its finalizer was taken off is counted once", () => {
  const status = { uncountedTerminatedPods: { failed: ["x"] }, failed: 1 };
  assert.equal(planJob(job({}, status), [], NOW).status.failed, 2);
});

test("after a failure the next pod waits, twice as long every time", () => {
  const once = planJob(job(), [pod("Failed", { endedMs: -1_000 })], NOW);
  assert.deepEqual([once.create.length, once.afterMs], [0, 9_000]);
  const twice = planJob(
    job(),
    [pod("Failed", { endedMs: -60_000 }), pod("Failed", { endedMs: -1_000 })],
    NOW,
  );
  assert.equal(twice.afterMs, 19_000);
});

test("too many failures end the job once its pods have ended", () => {
  const running = pod("Running");
  const plan = planJob(
    job({ backoffLimit: 0, parallelism: 2, completions: 2 }),
    [pod("Failed"), running],
    NOW,
  );
  assert.deepEqual([conditions(plan), plan.remove, plan.ended], [["FailureTarget"], [running], undefined]);
  const after = planJob(job({ backoffLimit: 0 }, { ...plan.status, uncountedTerminatedPods: {} }), [], NOW);
  assert.deepEqual(
    [conditions(after), after.ended?.reason],
    [["FailureTarget", "Failed"], "BackoffLimitExceeded"],
  );
});

test("a suspended job has no pods, and starts its clock when it is resumed", () => {
  const running = pod("Running");
  const plan = planJob(job({ suspend: true }, { startTime: time(-1_000) }), [running], NOW);
  assert.deepEqual(
    [plan.remove, plan.status.startTime, conditions(plan)],
    [[running], undefined, ["Suspended"]],
  );
  const resumed = planJob(job({}, plan.status), [], NOW);
  assert.deepEqual([resumed.create.length, resumed.status.startTime, conditions(resumed)], [1, time(0), []]);
});

test("a deadline ends the job", () => {
  const plan = planJob(
    job({ activeDeadlineSeconds: 10 }, { startTime: time(-10_000) }),
    [pod("Running")],
    NOW,
  );
  assert.equal(plan.status.conditions?.[0]?.reason, "DeadlineExceeded");
});

test("an indexed job fills the gaps, and each index counts once", () => {
  const indexed = { completionMode: "Indexed", completions: 4, parallelism: 4 };
  const pods = [pod("Running", { index: 0 }), pod("Succeeded", { index: 2 }), pod("Succeeded", { index: 2 })];
  const plan = planJob(job(indexed), pods, NOW);
  assert.deepEqual(
    plan.create.map(({ index }) => index),
    [1, 3],
  );
  assert.deepEqual([plan.status.completedIndexes, plan.status.succeeded], ["2", 1]);
});

test("with a limit for each index one that fails for good does not hold up the others", () => {
  const spec = {
    completionMode: "Indexed",
    completions: 2,
    parallelism: 2,
    backoffLimitPerIndex: 0,
    backoffLimit: 2 ** 31 - 1,
  };
  const plan = planJob(job(spec), [pod("Failed", { index: 0 }), pod("Running", { index: 1 })], NOW);
  assert.deepEqual([plan.status.failedIndexes, plan.create], ["0", []]);
  const end = planJob(job(spec), [pod("Failed", { index: 0 }), pod("Succeeded", { index: 1 })], NOW);
  assert.equal(end.status.conditions?.[0]?.reason, "FailedIndexes");
});

test("the failure policy can end the job or let a failure not count", () => {
  const rule = (action: string) => ({
    podFailurePolicy: { rules: [{ action, onExitCodes: { operator: "In", values: [1] } }] },
  });
  const failed = planJob(job(rule("FailJob")), [pod("Failed")], NOW);
  assert.equal(failed.status.conditions?.[0]?.reason, "PodFailurePolicy");
  const ignored = planJob(job(rule("Ignore")), [pod("Failed")], NOW);
  assert.deepEqual([ignored.status.failed, ignored.release.length, ignored.create.length], [undefined, 1, 1]);
});

test("index sets", () => {
  assert.equal(formatIndexes([5, 0, 1, 2, 8, 7]), "0-2,5,7,8");
  assert.deepEqual([...parseIndexes("0-2,5")], [0, 1, 2, 5]);
});
