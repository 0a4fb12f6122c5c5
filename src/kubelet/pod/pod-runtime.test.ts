import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { ContainerState } from "../cri/container.ts";
import { PodRuntime } from "./pod-runtime.ts";
import type { PodServices } from "./services.ts";

test("a container whose end is read while its limits are does not run again", async () => {
  const { promise: limits, resolve } = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<void>();
  let state: number = ContainerState.running;
  const services = {
    runtime: {
      containerStatus: async () => ({
        id: "c",
        metadata: { name: "a", attempt: 0 },
        state,
        createdAt: 0n,
        startedAt: 0n,
        finishedAt: 0n,
        exitCode: 1,
        reason: "",
        message: "",
        imageRef: "",
        logPath: "",
        annotations: {},
      }),
    },
    cgroups: {
      enforced: () => {
        asked.resolve();
        return limits;
      },
    },
    oomKills: { has: async () => false },
    own: () => undefined,
    dirs: { root: "/nowhere", logs: "/nowhere" },
  } as unknown as PodServices;
  const pod = {
    metadata: { uid: "u", name: "p", namespace: "n" },
    spec: { containers: [{ name: "a", resources: { requests: { cpu: "1" } } }] },
  } as unknown as Pod;
  const runtime = new PodRuntime(services, "u");
  const first = runtime.refreshContainer(pod, "c", "s");
  await asked.promise;
  state = ContainerState.exited;
  await runtime.refreshContainer(pod, "c", "s");
  resolve(undefined);
  assert.equal((await first)?.state, "exited");
  assert.deepEqual(runtime.running, []);
});
