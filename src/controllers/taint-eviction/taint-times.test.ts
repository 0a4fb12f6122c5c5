import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import type { Taint } from "#api/core-v1/taint";
import { leaveAtMs } from "./plan.ts";
import { TaintTimes } from "./taint-times.ts";

const NOW = Date.UTC(2026, 0, 1);
const taint = { key: "leave", value: "now", effect: "NoExecute" } as Taint;
const pod = (uid = "one") =>
  ({
    metadata: { name: "pod", uid },
    spec: { tolerations: [{ key: "leave", operator: "Exists", effect: "NoExecute", tolerationSeconds: 10 }] },
  }) as unknown as Pod;

test("a taint that does not say when it came counts from when it was seen first", () => {
  const times = new TaintTimes();
  const leaves = (taints: readonly Taint[], afterMs: number, of = pod()) =>
    leaveAtMs(of, taints, NOW + afterMs, times.of("default/pod", of, taints, NOW + afterMs));
  assert.equal(leaves([taint], 0), NOW + 10_000);
  assert.equal(leaves([taint], 4000), NOW + 10_000);
  // Taken away and come again: from the beginning.
  assert.equal(leaves([], 5000), undefined);
  assert.equal(leaves([taint], 6000), NOW + 16_000);
  // Another pod of the same name.
  assert.equal(leaves([taint], 9000, pod("two")), NOW + 19_000);
  times.forget("default/pod");
  assert.equal(leaves([taint], 12_000, pod("two")), NOW + 22_000);
});

test("a taint that says when it came counts from then", () => {
  const said = { ...taint, timeAdded: "2026-01-01T00:00:00Z" } as Taint;
  const since = new TaintTimes().of("default/pod", pod(), [said], NOW + 4000);
  assert.equal(leaveAtMs(pod(), [said], NOW + 4000, since), NOW + 10_000);
});
