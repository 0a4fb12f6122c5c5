import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplicaSetStatus } from "#api/apps-v1/replicaset";
import type { AnyObject } from "#machinery/schema";
import { type Failure, observe } from "./status.ts";

const NOW = Date.UTC(2026, 0, 1);
const wanted = { template: { metadata: {} }, minReadySeconds: 0, showsTerminating: false };

function after(status: ReplicaSetStatus, failure: Failure | undefined, nowMs = NOW): ReplicaSetStatus {
  const set = { metadata: { generation: 1 }, status } as AnyObject & { readonly status: ReplicaSetStatus };
  return observe(set, wanted as Parameters<typeof observe>[1], [], failure, nowMs);
}

test("a failure is told once, whatever pod it names", () => {
  const failed = after({ replicas: 0 }, { reason: "FailedCreate", message: "pods one is forbidden" });
  assert.deepEqual(
    failed.conditions?.map(({ type, status, message }) => [type, status, message]),
    [["ReplicaFailure", "True", "pods one is forbidden"]],
  );
  const again = after(failed, { reason: "FailedCreate", message: "pods two is forbidden" }, NOW + 1000);
  assert.deepEqual(again, failed);
});

test("another failure takes its place, and success takes it away", () => {
  const failed = after({ replicas: 0 }, { reason: "FailedCreate", message: "one" });
  const other = after(failed, { reason: "FailedDelete", message: "two" }, NOW + 1000);
  assert.deepEqual(
    other.conditions?.map(({ reason, message }) => [reason, message]),
    [["FailedDelete", "two"]],
  );
  assert.equal(after(other, undefined).conditions, undefined);
});
