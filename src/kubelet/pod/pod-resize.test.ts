import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import type { ContainerStops } from "./container-stops.ts";
import type { PodContext } from "./pod-context.ts";
import { PodResize } from "./pod-resize.ts";

test("a pod that ends while it is resized does not get its cgroup back", async () => {
  const calls: string[] = [];
  const end = new AbortController();
  let work = Promise.resolve<unknown>(undefined);
  const container = { name: "a", resources: { limits: { cpu: "2", memory: "1Gi" } } };
  const enforced = { cpuShares: 1024, cpuQuotaUs: 100_000, memoryBytes: 2 ** 30 };
  const context = {
    pod: { metadata: { uid: "u" }, spec: { containers: [container] } } as unknown as Pod,
    runtime: { running: [{ id: "c", name: "a", enforced }], refreshContainer: async () => undefined },
    ending: end.signal,
    services: {
      node: { memoryBytes: 2 ** 34 },
      cgroups: {
        widen: async () => void calls.push("widen"),
        ensure: async () => void calls.push("ensure"),
      },
      runtime: {
        updateResources: async () => {
          calls.push("update");
          end.abort();
        },
      },
    },
    background: (started: () => Promise<unknown>) => void (work = started()),
    wake: () => undefined,
    pause: async () => undefined,
  } as unknown as PodContext;
  const resize = new PodResize(context, { stopping: new Map() } as unknown as ContainerStops);
  resize.sync();
  await work;
  assert.deepEqual(calls, ["widen", "update"]);
});
