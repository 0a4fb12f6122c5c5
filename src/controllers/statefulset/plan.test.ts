import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatefulSet } from "#api/apps-v1/statefulset";
import type { Pod } from "#api/core-v1/pod";
import { planStateful } from "./plan.ts";

const NOW = Date.UTC(2026, 0, 1);
const EARLIER = "2025-12-31T00:00:00Z";

const setOf = (replicas: number, podManagementPolicy = "OrderedReady"): StatefulSet =>
  ({
    metadata: { name: "ss" },
    spec: { replicas, podManagementPolicy, updateStrategy: { type: "RollingUpdate" } },
    status: {},
  }) as unknown as StatefulSet;

const podOf = (ordinal: number, ready: boolean, leaving = false): Pod =>
  ({
    metadata: {
      name: `ss-${ordinal}`,
      labels: { "controller-revision-hash": "one" },
      ...(leaving ? { deletionTimestamp: EARLIER } : {}),
    },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: EARLIER }],
    },
  }) as unknown as Pod;

const removed = (set: StatefulSet, pods: readonly Pod[]): string[] =>
  planStateful(set, pods, { current: "one", update: "one" }, NOW).remove.map(({ metadata }) => metadata.name);

for (const [what, replicas, pods, gone] of [
  ["the highest goes first", 0, [podOf(0, true), podOf(1, true), podOf(2, true)], ["ss-2"]],
  ["it may go while a lower one is not ready", 0, [podOf(0, false), podOf(1, true)], ["ss-1"]],
  ["none goes when those that stay are not ready", 1, [podOf(0, false), podOf(1, true)], []],
  [
    "one that is not ready waits while a lower one is not ready either",
    0,
    [podOf(0, false), podOf(1, false)],
    [],
  ],
  ["it need not wait when it is the only one", 0, [podOf(0, true), podOf(1, false)], ["ss-1"]],
  ["one at a time", 0, [podOf(0, true), podOf(1, true), podOf(2, true, true)], []],
] as const) {
  test(`scaling down in order: ${what}`, () => assert.deepEqual(removed(setOf(replicas), pods), gone));
}

test("scaling down in parallel: all at once, ready or not", () => {
  assert.deepEqual(removed(setOf(0, "Parallel"), [podOf(0, false), podOf(1, true)]), ["ss-1", "ss-0"]);
});
