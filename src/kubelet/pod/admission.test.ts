import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { type Ground, refusalOf } from "./admission.ts";

const pod = (requests: object, more: object = {}, ports: object[] = []): Pod =>
  ({ spec: { containers: [{ name: "a", resources: { requests }, ports }], ...more } }) as unknown as Pod;

const web = (hostIP?: string) => [{ containerPort: 80, hostPort: 80, protocol: "TCP", hostIP }];
const calm = { memory: false, disk: false, pids: false };
const ground = (more: Partial<Ground> = {}): Ground => ({
  allocatable: { cpu: "2", memory: "1Gi", pods: "3" },
  pressures: calm,
  others: [],
  ...more,
});

const TABLE: readonly (readonly [string, Pod, Ground, string | undefined])[] = [
  ["there is room", pod({ cpu: "2", memory: "1Gi" }), ground(), undefined],
  ["CPU is short", pod({ cpu: "1500m" }), ground({ others: [pod({ cpu: "600m" })] }), "OutOfcpu"],
  ["memory is short", pod({ memory: "2Gi" }), ground(), "OutOfmemory"],
  ["the sandbox costs too", pod({ cpu: "2" }, { overhead: { cpu: "1m" } }), ground(), "OutOfcpu"],
  [
    "the pod asks for all its containers",
    pod({}, { resources: { requests: { memory: "2Gi" } } }),
    ground(),
    "OutOfmemory",
  ],
  ["too many pods", pod({}), ground({ others: [pod({}), pod({}), pod({})] }), "OutOfpods"],
  ["an extended resource", pod({ "example.com/gpu": "1" }), ground(), undefined],
  ["what asks for nothing needs nothing", pod({}), ground({ others: [pod({ cpu: "4" })] }), undefined],
  ["a port is taken", pod({}, {}, web()), ground({ others: [pod({}, {}, web())] }), "NodePorts"],
  [
    "on another address",
    pod({}, {}, web("1.1.1.1")),
    ground({ others: [pod({}, {}, web("2.2.2.2"))] }),
    undefined,
  ],
  [
    "memory pressure keeps out who guarantees nothing",
    pod({}),
    ground({ pressures: { ...calm, memory: true } }),
    "Evicted",
  ],
  ["but not others", pod({ cpu: "1" }), ground({ pressures: { ...calm, memory: true } }), undefined],
  [
    "disk pressure keeps out all",
    pod({ cpu: "1" }),
    ground({ pressures: { ...calm, disk: true } }),
    "Evicted",
  ],
  [
    "but those that the cluster needs",
    pod({ cpu: "1" }, { priority: 2_000_001_000 }),
    ground({ pressures: { ...calm, disk: true } }),
    undefined,
  ],
  ["another system's pod", pod({}, { os: { name: "windows" } }), ground(), "PodOSNotSupported"],
  ["user namespaces", pod({}, { hostUsers: false }), ground(), "UserNamespacesNotSupported"],
];

for (const [name, given, where, wanted] of TABLE)
  test(name, () => assert.equal(refusalOf(given, where)?.reason, wanted));
