import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { VirtualClock } from "#base/virtual-clock";
import type { AdmissionPlugin } from "../contracts.ts";
import type { Operation } from "../request/operation.ts";
import { AdmissionChain } from "./admission-chain.ts";
import { AdmissionMetrics } from "./admission-metrics.ts";

test("the time of those who ask others is told to whoever wants to leave it out", async () => {
  const clock = new VirtualClock();
  const taking = (name: string, ms: number, asksOthers: boolean): AdmissionPlugin => ({
    name,
    asksOthers,
    handles: () => true,
    admit: async () => void (await clock.advance(ms)),
    validate: () => clock.advance(ms),
  });
  const plugins = [taking("Own", 7, false), taking("Webhooks", 20, true)];
  const chain = new AdmissionChain(plugins, clock, new AdmissionMetrics());
  const waited: number[] = [];
  // What the chain looks at of a request.
  const request = {
    info: { subresource: "", namespace: "a" },
    kind: { resource: ConfigMap },
    waited: (ms: number) => void waited.push(ms),
  } as unknown as Operation;
  const admitted = {
    operation: "CREATE",
    object: undefined,
    old: undefined,
    name: "b",
    options: undefined,
    dryRun: false,
  } as const;
  await chain.admit(request, admitted);
  await chain.validate(request, admitted);
  assert.deepEqual(waited, [20, 20]);
});
