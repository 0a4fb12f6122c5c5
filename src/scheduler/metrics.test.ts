import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measures } from "#base/measures";
import { VirtualClock } from "#base/virtual-clock";
import { eventName, SchedulerMetrics } from "./metrics.ts";

test("what a scheduler counts of a pod that found its node at the second attempt", async () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const measures: Measures = {
    meter: ({ name }, labels = {}) => ({
      add: (value) =>
        void lines.push([name.replace("scheduler_", ""), ...Object.values(labels), value].join(" ")),
    }),
    watch: () => () => undefined,
  };
  const metrics = new SchedulerMetrics(measures, "mine", clock);
  const cameMs = clock.monotonic();
  metrics.incoming("UnschedulablePodAdd", "active");
  const firstMs = metrics.begin();
  await clock.advance(2);
  metrics.lap("Filter", false);
  metrics.searched(firstMs);
  metrics.attempted("unschedulable", firstMs);
  const secondMs = metrics.begin();
  await clock.advance(1);
  metrics.lap("Filter");
  await clock.advance(3);
  metrics.ran("Bind", 3);
  metrics.attempted("scheduled", secondMs);
  metrics.placed(2, cameMs);
  metrics.preempted(4);
  assert.deepEqual(lines, [
    "queue_incoming_pods_total UnschedulablePodAdd active 1",
    "framework_extension_point_duration_seconds Filter mine Unschedulable 0.002",
    "scheduling_algorithm_duration_seconds 0.002",
    "schedule_attempts_total mine unschedulable 1",
    "scheduling_attempt_duration_seconds mine unschedulable 0.002",
    "framework_extension_point_duration_seconds Filter mine Success 0.001",
    "framework_extension_point_duration_seconds Bind mine Success 0.003",
    "schedule_attempts_total mine scheduled 1",
    "scheduling_attempt_duration_seconds mine scheduled 0.004",
    "pod_scheduling_attempts 2",
    "pod_scheduling_sli_duration_seconds 2 0.006",
    "preemption_attempts_total 1",
    "preemption_victims 4",
  ]);
});

test("changes of the cluster have the names that dashboards know", () => {
  assert.equal(eventName({ kind: "Node", change: "added" }), "NodeAdd");
  assert.equal(eventName({ kind: "Node", change: "taints" }), "NodeUpdateNodeTaint");
  assert.equal(eventName({ kind: "Pod", change: "deleted" }), "AssignedPodDelete");
  assert.equal(
    eventName({ kind: "Pod", change: "gates" }),
    "UnschedulablePodUpdatePodSchedulingGatesEliminated",
  );
});
