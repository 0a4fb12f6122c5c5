import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "#api/core-v1/node";
import { leaveAtMs } from "../taint-eviction/plan.ts";
import { EvictionPace, paceOf } from "./eviction-pace.ts";
import { GRACE_MS, graceLeftMs, lostConditions, sight } from "./health.ts";
import { planTaints } from "./taints.ts";

const NOW = Date.UTC(2026, 0, 1);

const node = (ready: string | undefined, taints: object[] = [], spec: object = {}): Node =>
  ({
    metadata: { name: "n", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { ...(taints.length > 0 ? { taints } : {}), ...spec },
    status: { conditions: ready === undefined ? [] : [{ type: "Ready", status: ready }] },
  }) as unknown as Node;

const own = { key: "mine", effect: "NoExecute" };
const unreachable = (effect: string) => ({ key: "node.kubernetes.io/unreachable", effect });

for (const [what, subject, mayEvict, expected] of [
  ["a node that is well", node("True"), true, undefined],
  ["taints of others stay", node("True", [own]), true, undefined],
  [
    "lost",
    node("Unknown"),
    true,
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  ],
  ["lost, not its turn", node("Unknown"), false, ["node.kubernetes.io/unreachable:NoSchedule"]],
  [
    "lost and tainted",
    node("Unknown", [unreachable("NoSchedule"), unreachable("NoExecute")]),
    false,
    undefined,
  ],
  [
    "ill after lost",
    node("False", [own, unreachable("NoSchedule")]),
    false,
    ["mine:NoExecute", "node.kubernetes.io/not-ready:NoSchedule"],
  ],
  [
    "well again",
    node("True", [own, unreachable("NoSchedule"), unreachable("NoExecute")]),
    true,
    ["mine:NoExecute"],
  ],
  [
    "cordoned",
    node("True", [], { unschedulable: true }),
    true,
    ["node.kubernetes.io/unschedulable:NoSchedule"],
  ],
] as const) {
  test(`taints: ${what}`, () => {
    const planned = planTaints(subject, mayEvict, NOW)?.map(({ key, effect }) => `${key}:${effect}`);
    assert.deepEqual(planned, expected);
  });
}

test("a node is lost when neither its lease nor its status has moved for the grace period", () => {
  const first = sight(undefined, { renewTime: "1", heartbeat: "" }, NOW);
  assert.equal(graceLeftMs(node("True"), first, NOW), GRACE_MS);
  const same = sight(first, { renewTime: "1", heartbeat: "" }, NOW + 40_000);
  assert.equal(graceLeftMs(node("True"), same, NOW + 40_000), GRACE_MS - 40_000);
  const moved = sight(same, { renewTime: "2", heartbeat: "" }, NOW + 40_000);
  assert.equal(graceLeftMs(node("True"), moved, NOW + 40_000), GRACE_MS);
  const reasons = lostConditions(node("True"), NOW)?.map(({ type, reason }) => `${type}:${reason}`);
  assert.deepEqual(reasons, [
    "Ready:NodeStatusUnknown",
    "MemoryPressure:NodeStatusNeverUpdated",
    "DiskPressure:NodeStatusNeverUpdated",
    "PIDPressure:NodeStatusNeverUpdated",
  ]);
});

test("pods leave slowly, and not at all when nobody is ready", () => {
  assert.equal(paceOf({ size: 2, ill: 1 }, 1), 10_000);
  assert.equal(paceOf({ size: 2, ill: 2 }, 0), undefined);
  assert.equal(paceOf({ size: 4, ill: 3 }, 1), undefined);
  assert.equal(paceOf({ size: 100, ill: 75 }, 25), 100_000);
  const pace = new EvictionPace();
  assert.deepEqual(
    [pace.waitMs("z", 10_000, 0), pace.waitMs("z", 10_000, 1_000), pace.waitMs("y", 10_000, 1_000)],
    [0, 9_000, 0],
  );
});

const taint = { key: "k", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" } as const;
const toleration = (tolerationSeconds?: number) => ({
  key: "k",
  operator: "Exists",
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
for (const [what, tolerations, expected] of [
  ["no toleration", [], NOW + 5_000],
  ["for ever", [toleration()], undefined],
  ["for a while", [toleration(300)], NOW + 300_000],
  ["the shortest counts", [toleration(300), toleration(30), toleration()], NOW + 30_000],
] as const) {
  test(`leaving: ${what}`, () =>
    assert.equal(
      leaveAtMs({ spec: { tolerations } } as never, [taint], NOW + 5_000, () => NOW),
      expected,
    ));
}
