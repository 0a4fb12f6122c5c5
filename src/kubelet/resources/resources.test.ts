import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { qosClassOf } from "#api/core-v1/podresources";
import type { Container } from "../pod/spec.ts";
import { containerResources, podLimits, quotaOf, sharesOf, weightsOf } from "./linux-resources.ts";

const GIB = 1024 ** 3;
type Amounts = Readonly<Record<string, string>>;

const container = (requests?: Amounts, limits?: Amounts): Container =>
  ({
    name: "a",
    resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
  }) as unknown as Container;

const pod = (...containers: Container[]): Pod => ({ spec: { containers } }) as unknown as Pod;

suite("quality of service", () => {
  const both = { cpu: "1", memory: "1Gi" };
  const table: readonly (readonly [string, Pod, string])[] = [
    ["nothing asked", pod(container()), "BestEffort"],
    ["limits for both", pod(container(undefined, both)), "Guaranteed"],
    ["requests equal to limits", pod(container({ cpu: "1000m", memory: "1Gi" }, both)), "Guaranteed"],
    ["requests below limits", pod(container({ cpu: "1" }, { cpu: "2", memory: "1Gi" })), "Burstable"],
    ["one limit only", pod(container(undefined, { cpu: "1" })), "Burstable"],
    ["one of two without", pod(container(undefined, both), container()), "Burstable"],
    ["zero counts as nothing", pod(container({ cpu: "0" })), "BestEffort"],
  ];
  for (const [name, given, wanted] of table) test(name, () => assert.equal(qosClassOf(given.spec), wanted));
});

test("CPU as weight and as quota", () => {
  assert.deepEqual([0, 1, 250, 1000, 1e9].map(sharesOf), [2, 2, 256, 1024, 262_144]);
  assert.deepEqual([0, 1, 250, 1500].map(quotaOf), [0, 1000, 25_000, 150_000]);
});

test("shares as weights of cgroup v2, as older and as newer runtimes have them", () => {
  assert.deepEqual([2, 102, 1024, 262_144].map(weightsOf), [
    [1, 1],
    [4, 17],
    [39, 100],
    [10_000, 10_000],
  ]);
});

test("who is killed first when memory runs out", () => {
  const score = (one: Container) => containerResources(pod(one), one, 16 * GIB).oomScoreAdj;
  assert.equal(score(container()), 1000);
  assert.equal(score(container(undefined, { cpu: "1", memory: "1Gi" })), -997);
  assert.equal(score(container({ memory: "4Gi" })), 750);
  assert.equal(score(container({ memory: "1Ki" })), 999);
  assert.equal(score(container({ memory: "64Gi" })), 3);
});

test("the pod's cgroup is limited only if all its containers are", () => {
  const limited = container(undefined, { cpu: "500m", memory: "1Gi" });
  const twice = { cpuShares: 1024, cpuQuotaUs: 100_000, memoryBytes: 2 * GIB };
  assert.deepEqual(podLimits(pod(limited, limited)), twice);
  assert.deepEqual(podLimits(pod(limited, container())), { cpuShares: 512, cpuQuotaUs: 0, memoryBytes: 0 });
});
