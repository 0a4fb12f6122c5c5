import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { MemoryApi } from "../memory-api.node.test.ts";
import type { PodStatus } from "./spec.ts";
import { StatusWriter } from "./status-writer.ts";

const initialized = (status: string): PodStatus =>
  ({ phase: "Pending", conditions: [{ type: "Initialized", status }] }) as unknown as PodStatus;

suite("the status of a pod in the API", () => {
  test("what a write still under way changes is changed back by the next", async () => {
    const api = new MemoryApi();
    const pod = api.put(Pod, {
      metadata: { name: "pod" },
      spec: { containers: [{ name: "main", image: "image" }] },
      status: initialized("False"),
    });
    const services = { client: api.client, clock: systemClock };
    const writer = new StatusWriter(services, new AbortController().signal, () => undefined);
    // Both know the pod as it was before.
    writer.want(pod, initialized("True"));
    writer.want(pod, initialized("False"));
    await writer.flushed();
    assert.equal(api.find(Pod, "pod")?.status.conditions?.[0]?.status, "False");
    assert.equal(api.writes.length, 2);
  });
});
