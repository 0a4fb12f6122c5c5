import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { specHash } from "../container/spec-hash.ts";
import type { ObservedContainer } from "./observed.ts";
import { planPod, type PodView } from "./plan.ts";
import type { Container } from "./spec.ts";
import { statusPatch } from "./status-patch.ts";
import { podStatus, type PodStatusView } from "./status.ts";

const NOW = Date.UTC(2026, 0, 1);

const container = (name: string, more: object = {}) =>
  ({ name, image: "i", resources: {}, ...more }) as unknown as Container;

const pod = (spec: object = {}, status: object = {}): Pod =>
  ({
    metadata: {
      name: "p",
      namespace: "n",
      uid: "u",
      generation: 2,
      resourceVersion: "1",
      creationTimestamp: "",
    },
    spec: { containers: [container("a")], restartPolicy: "Always", ...spec },
    status,
  }) as unknown as Pod;

const made = (name: string, more: Partial<ObservedContainer> = {}): ObservedContainer => ({
  id: `${name}-id`,
  name,
  sandboxId: "s",
  state: "running",
  createdAtMs: NOW - 50_000,
  startedAtMs: NOW - 50_000,
  finishedAtMs: 0,
  exitCode: 0,
  reason: "",
  message: "",
  image: "docker.io/library/i:latest",
  imageRef: "sha256:1",
  logPath: "",
  restartCount: 0,
  specHash: specHash(container(name)),
  ...more,
});

const exited = (name: string, exitCode: number, more: Partial<ObservedContainer> = {}) =>
  made(name, { state: "exited", exitCode, finishedAtMs: NOW - 1_000, ...more });

function statusOf(more: Partial<PodStatusView> = {}) {
  const view: PodView = {
    pod: pod(),
    sandboxes: [
      { id: "s", attempt: 0, ready: true, createdAtMs: NOW - 60_000, ips: ["10.0.0.1"], hostNetwork: false },
    ],
    containers: [],
    volumes: "ready",
    sandbox: "idle",
    images: new Map(),
    startFailures: new Map(),
    starting: new Set(),
    stopping: new Set(),
    restartDelays: new Map(),
    started: new Set(["a-id", "b-id", "side-id"]),
    condemned: new Map(),
    stoppedSandboxes: new Set(),
    ...more,
  };
  return podStatus(
    {
      ...view,
      plan: planPod(view, NOW),
      ready: new Set(["a-id", "b-id", "side-id"]),
      stopped: false,
      hostIPs: ["1.1.1.1"],
      acceptedAtMs: NOW - 60_000,
      verdict: undefined,
      ...more,
    },
    NOW,
  );
}

const two = { containers: [container("a"), container("b")] };
const never = { restartPolicy: "Never" };
const inits = { initContainers: [container("i")] };
const side = { initContainers: [container("side", { restartPolicy: "Always" })] };

suite("the phase of a pod", () => {
  const table: readonly (readonly [string, Partial<PodStatusView>, string])[] = [
    ["nothing made yet", {}, "Pending"],
    ["all run", { containers: [made("a")] }, "Running"],
    ["one of two runs", { pod: pod(two), containers: [made("a")] }, "Pending"],
    [
      "one runs, one ended",
      { pod: pod({ ...two, ...never }), containers: [made("a"), exited("b", 1)] },
      "Running",
    ],
    ["all ended well", { pod: pod(never), containers: [exited("a", 0)] }, "Succeeded"],
    [
      "all ended, one badly",
      { pod: pod({ ...two, ...never }), containers: [exited("a", 0), exited("b", 1)] },
      "Failed",
    ],
    ["ended and to be restarted", { containers: [exited("a", 1)] }, "Running"],
    [
      "waiting to be restarted",
      {
        containers: [exited("a", 1)],
        restartDelays: new Map([["a", { delayMs: 10_000, sinceMs: NOW - 2_000 }]]),
      },
      "Running",
    ],
    ["an init container runs", { pod: pod(inits), containers: [made("i")] }, "Pending"],
    [
      "an init container failed for good",
      { pod: pod({ ...inits, ...never }), containers: [exited("i", 1)] },
      "Failed",
    ],
    ["an init container is tried again", { pod: pod(inits), containers: [exited("i", 1)] }, "Pending"],
    [
      "the sidecar still runs",
      { pod: pod({ ...side, ...never }), containers: [exited("a", 0), made("side")] },
      "Running",
    ],
    ["stopped by deletion", { stopped: true, containers: [exited("a", 143)] }, "Failed"],
    ["stopped by deletion and ended well", { stopped: true, containers: [exited("a", 0)] }, "Succeeded"],
    [
      "evicted",
      {
        stopped: true,
        verdict: { phase: "Failed", reason: "Evicted", message: "m" },
        containers: [exited("a", 0)],
      },
      "Failed",
    ],
  ];
  for (const [name, view, phase] of table) test(name, () => assert.equal(statusOf(view).phase, phase));
});

suite("what the status says", () => {
  const condition = (status: ReturnType<typeof statusOf>, type: string) =>
    status.conditions?.find((one) => one.type === type);

  test("a pod that runs is ready, with its addresses", () => {
    const status = statusOf({ containers: [made("a")] });
    assert.equal(condition(status, "Ready")?.status, "True");
    assert.deepEqual([status.podIP, status.hostIP, status.observedGeneration], ["10.0.0.1", "1.1.1.1", 2]);
    assert.equal(status.startTime, "2025-12-31T23:59:00Z");
  });

  test("a container that is not ready is named", () => {
    const status = statusOf({ containers: [made("a")], ready: new Set() });
    assert.equal(condition(status, "Ready")?.reason, "ContainersNotReady");
    assert.equal(condition(status, "ContainersReady")?.message, "containers with unready status: [a]");
  });

  test("a readiness gate holds a pod back", () => {
    const gated = pod({ readinessGates: [{ conditionType: "x/y" }] });
    const status = statusOf({ pod: gated, containers: [made("a")] });
    assert.equal(condition(status, "ContainersReady")?.status, "True");
    assert.equal(condition(status, "Ready")?.reason, "ReadinessGatesNotReady");
  });

  test("open init containers are named", () => {
    const status = statusOf({ pod: pod(inits), containers: [made("i")] });
    assert.equal(condition(status, "Initialized")?.message, "containers with incomplete status: [i]");
    assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: "PodInitializing" } });
  });

  test("an init container that runs is neither ready nor done", () => {
    const running = { containers: [made("i")], started: new Set(["i-id"]), ready: new Set(["i-id"]) };
    const status = statusOf({ pod: pod(inits), ...running });
    assert.equal(condition(status, "Initialized")?.status, "False");
    assert.equal(status.initContainerStatuses?.[0]?.ready, false);
  });

  test("the time of a condition stays while it says the same", () => {
    const before = [{ type: "Ready", status: "True", lastTransitionTime: "2020-01-01T00:00:00Z" }];
    const status = statusOf({ pod: pod({}, { conditions: before }), containers: [made("a")] });
    assert.equal(condition(status, "Ready")?.lastTransitionTime, "2020-01-01T00:00:00Z");
  });

  test("conditions of others stay", () => {
    const before = [{ type: "x/y", status: "True" }];
    assert.ok(condition(statusOf({ pod: pod({}, { conditions: before }) }), "x/y"));
  });

  test("a restart shows the last end", () => {
    const status = statusOf({ containers: [made("a", { restartCount: 1 }), exited("a", 2, { id: "old" })] });
    assert.equal(status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 2);
    assert.equal(status.containerStatuses?.[0]?.restartCount, 1);
  });

  test("a failed pull is said", () => {
    const images = new Map([["a", { reason: "ErrImagePull", message: "no", retryAtMs: NOW + 1 }]]);
    const status = statusOf({ images });
    assert.deepEqual(status.containerStatuses?.[0]?.state, {
      waiting: { reason: "ErrImagePull", message: "no" },
    });
  });
});

suite("the patch from one status to the next", () => {
  test("says nothing when nothing changed", () => {
    const status = statusOf({ containers: [made("a")] });
    assert.equal(statusPatch(status, statusOf({ containers: [made("a")] })), undefined);
  });

  test("takes null and absence, {} and absence for the same", () => {
    const before = { conditions: [{ type: "Ready", status: "True", lastProbeTime: null }] };
    const after = { conditions: [{ type: "Ready", status: "True" }] };
    assert.equal(statusPatch(before as never, after as never), undefined);
  });

  test("names only the conditions that changed, and replaces addresses", () => {
    const before = {
      conditions: [
        { type: "A", status: "True" },
        { type: "B", status: "True", reason: "r" },
      ],
    };
    const after = {
      conditions: [
        { type: "A", status: "True" },
        { type: "B", status: "False" },
      ],
      podIPs: [{ ip: "x" }],
    };
    assert.deepEqual(statusPatch(before as never, after as never), {
      conditions: [{ type: "B", status: "False", reason: null }],
      podIPs: [{ $patch: "replace" }, { ip: "x" }],
    });
  });
});
