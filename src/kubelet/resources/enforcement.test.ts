import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container } from "../pod/spec.ts";
import { enforcementOf, enforcementSaid, resourcesInForce } from "./enforcement.ts";

const container = (resources: object): Container => ({ name: "a", resources }) as unknown as Container;
const amounts = (cpu: string, memory: string) => ({ cpu, memory });

test("a spec is shown in its own words where the kernel has just that", () => {
  for (const resources of [
    { requests: amounts("123m", "1Gi"), limits: amounts("1500m", "2Gi") },
    // The least weight and the least quota stand for anything below them.
    { requests: { cpu: "1m" }, limits: { cpu: "5m" } },
    { limits: { memory: "64Mi", "example.com/thing": "1" } },
    {},
  ])
    assert.deepEqual(resourcesInForce(container(resources), enforcementOf(container(resources))), resources);
});

test("what the kernel has is shown while the spec asks for something else", () => {
  const before = container({ requests: amounts("100m", "1Gi"), limits: amounts("200m", "2Gi") });
  const after = container({ requests: amounts("300m", "1Gi"), limits: amounts("400m", "4Gi") });
  assert.deepEqual(resourcesInForce(after, enforcementOf(before)), {
    limits: amounts("200m", "2Gi"),
    requests: amounts("100m", "1Gi"),
  });
});

test("a limit that was added is not shown before it holds", () => {
  const before = container({ requests: { cpu: "100m" } });
  const after = container({ requests: { cpu: "100m" }, limits: amounts("200m", "1Gi") });
  assert.deepEqual(resourcesInForce(after, enforcementOf(before)), { requests: { cpu: "100m" } });
});

test("a runtime's word counts, whatever its period", () => {
  const said = { cpuShares: 102, cpuQuota: 5_000, cpuPeriod: 50_000, memoryLimitInBytes: 4096 };
  const resources = said as unknown as Parameters<typeof enforcementSaid>[0];
  assert.deepEqual(enforcementSaid(resources), { cpuShares: 102, cpuQuotaUs: 10_000, memoryBytes: 4096 });
  assert.equal(enforcementSaid(undefined), undefined);
});
