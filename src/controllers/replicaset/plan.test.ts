import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { planReplicas } from "./plan.ts";
import { cheapestToLose } from "./ranking.ts";

const NOW = Date.UTC(2026, 0, 1);
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString().replace(".000Z", "Z");

function pod(
  name: string,
  more: {
    node?: string;
    phase?: string;
    readyFor?: number;
    cost?: string;
    restarts?: number;
    age?: number;
    leaving?: boolean;
  } = {},
): Pod {
  const { node = "n", phase = "Running", readyFor, cost, restarts = 0, age = 1_000, leaving } = more;
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: ago(age),
      annotations: cost === undefined ? {} : { "controller.kubernetes.io/pod-deletion-cost": cost },
      ...(leaving ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: node ? { nodeName: node } : {},
    status: {
      phase,
      conditions:
        readyFor === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ restartCount: restarts }],
    },
  } as unknown as Pod;
}

for (const [what, first, second] of [
  ["not bound before bound", pod("b", { node: "", phase: "Pending" }), pod("a", { phase: "Pending" })],
  ["pending before running", pod("b", { phase: "Pending" }), pod("a")],
  ["not ready before ready", pod("b"), pod("a", { readyFor: 10 })],
  ["cheap before dear", pod("b", { readyFor: 900, cost: "-5" }), pod("a", { readyFor: 1 })],
  ["crowded before lonely", pod("b", { readyFor: 900 }), pod("a", { readyFor: 1, node: "lonely" })],
  ["ready for a short time first", pod("b", { readyFor: 1 }), pod("a", { readyFor: 900 })],
  ["many restarts first", pod("b", { restarts: 3 }), pod("a")],
  ["young before old", pod("b", { age: 10 }), pod("a", { age: 10_000 })],
] as const) {
  test(`ranking: ${what}`, () => {
    const crowd = (node: string) => (node === "lonely" ? 1 : 5);
    assert.deepEqual(cheapestToLose([second, first], crowd, NOW), [first, second]);
  });
}

for (const [what, wanted, pods, create, remove] of [
  ["too few", 3, [pod("a")], 2, []],
  ["enough", 1, [pod("a")], 0, []],
  ["too many", 0, [pod("a")], 0, ["a"]],
  [
    "leaving and finished ones do not count",
    1,
    [pod("a", { leaving: true }), pod("b", { phase: "Failed" })],
    1,
    [],
  ],
  ["no more than 500 at once", 900, [], 500, []],
] as const) {
  test(`plan: ${what}`, () => {
    const plan = planReplicas(wanted, pods, () => 0, NOW);
    assert.deepEqual([plan.create, plan.remove.map(({ metadata }) => metadata.name)], [create, remove]);
  });
}
