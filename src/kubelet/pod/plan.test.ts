import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { specHash } from "../container/spec-hash.ts";
import type { ObservedContainer, ObservedSandbox } from "./observed.ts";
import { type Action, type Obstacle, planPod, type PodView } from "./plan.ts";
import type { Container } from "./spec.ts";

const NOW = 1_000_000;

const container = (name: string, more: object = {}): Container =>
  ({
    name,
    image: "i",
    resources: {},
    terminationMessagePath: "",
    imagePullPolicy: "IfNotPresent",
    ...more,
  }) as unknown as Container;

const pod = (spec: object = {}, more: object = {}): Pod =>
  ({
    metadata: { name: "p", namespace: "n", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    spec: { containers: [container("a")], restartPolicy: "Always", ...spec },
    status: {},
    ...more,
  }) as unknown as Pod;

const sandbox = (more: Partial<ObservedSandbox> = {}): ObservedSandbox => ({
  id: "s0",
  attempt: 0,
  ready: true,
  createdAtMs: NOW - 60_000,
  ips: ["10.0.0.1"],
  hostNetwork: false,
  ...more,
});

const made = (name: string, more: Partial<ObservedContainer> = {}): ObservedContainer => ({
  id: `${name}-id`,
  name,
  sandboxId: "s0",
  state: "running",
  createdAtMs: NOW - 50_000,
  startedAtMs: NOW - 50_000,
  finishedAtMs: 0,
  exitCode: 0,
  reason: "",
  message: "",
  image: "i",
  imageRef: "",
  logPath: "",
  restartCount: 0,
  specHash: specHash(container(name)),
  ...more,
});

const exited = (name: string, exitCode: number, more: Partial<ObservedContainer> = {}) =>
  made(name, { state: "exited", exitCode, finishedAtMs: NOW - 1_000, ...more });

const view = (more: Partial<PodView> = {}): PodView => ({
  pod: pod(),
  sandboxes: [sandbox()],
  containers: [],
  volumes: "ready",
  sandbox: "idle",
  images: new Map([["a", "ready"]]),
  startFailures: new Map(),
  starting: new Set(),
  stopping: new Set(),
  restartDelays: new Map(),
  started: new Set(),
  condemned: new Map(),
  stoppedSandboxes: new Set(),
  ...more,
});

/** An action in few words. */
const words = (action: Action): string => {
  switch (action.do) {
    case "start":
      return `start ${action.member.container.name} ${action.restartCount}`;
    case "check-image":
      return `check-image ${action.member.container.name}`;
    case "stop":
      return `stop ${action.container.id} ${action.why}`;
    case "create-sandbox":
      return `create-sandbox ${action.attempt}`;
    case "stop-sandbox":
      return `stop-sandbox ${action.sandboxId}`;
    case "discard":
      return `discard ${action.container.id}`;
    default:
      return action.do;
  }
};

const plan = (given: PodView) => planPod(given, NOW);
const actions = (given: PodView): string[] => plan(given).actions.map(words);

const twoInits = pod({
  initContainers: [container("i1"), container("side", { restartPolicy: "Always" }), container("i2")],
});
const allImages = new Map(["a", "b", "i1", "i2", "side"].map((name) => [name, "ready"] as const));
const never = pod({ restartPolicy: "Never" });
const onFailure = pod({ restartPolicy: "OnFailure" });

suite("what a pod needs next", () => {
  const table: readonly (readonly [string, PodView, readonly string[]])[] = [
    [
      "a new pod: volumes, sandbox and image at the same time",
      view({ sandboxes: [], volumes: "absent", images: new Map() }),
      ["prepare-volumes", "create-sandbox 0", "check-image a"],
    ],
    [
      "nothing twice",
      view({
        sandboxes: [],
        volumes: "preparing",
        sandbox: "creating",
        images: new Map([["a", "checking"]]),
      }),
      [],
    ],
    ["no start without volumes", view({ volumes: "preparing" }), []],
    ["all is there", view(), ["start a 0"]],
    ["it is starting", view({ starting: new Set(["a"]) }), []],
    ["it runs", view({ containers: [made("a")] }), []],
    ["the first restart comes at once", view({ containers: [exited("a", 1)] }), ["start a 1"]],
    [
      "the next one waits",
      view({
        containers: [exited("a", 1)],
        restartDelays: new Map([["a", { delayMs: 10_000, sinceMs: NOW - 5_000 }]]),
      }),
      [],
    ],
    [
      "until its time has come",
      view({
        containers: [exited("a", 1, { finishedAtMs: NOW - 10_000 })],
        restartDelays: new Map([["a", { delayMs: 10_000, sinceMs: NOW - 20_000 }]]),
      }),
      ["start a 1"],
    ],
    ["Never: nothing after the end", view({ pod: never, containers: [exited("a", 1)] }), []],
    [
      "OnFailure: after a failure",
      view({ pod: onFailure, containers: [exited("a", 1, { restartCount: 4 })] }),
      ["start a 5"],
    ],
    ["OnFailure: not after success", view({ pod: onFailure, containers: [exited("a", 0)] }), []],
    [
      "a failed pull waits",
      view({ images: new Map([["a", { reason: "ErrImagePull", message: "", retryAtMs: NOW + 1 }]]) }),
      [],
    ],
    [
      "and is tried again",
      view({ images: new Map([["a", { reason: "ErrImagePull", message: "", retryAtMs: NOW }]]) }),
      ["check-image a"],
    ],
    [
      "a condemned container is stopped",
      view({
        containers: [made("a")],
        condemned: new Map([["a-id", { why: "liveness", message: "", graceSeconds: undefined }]]),
      }),
      ["stop a-id liveness"],
    ],
    [
      "an outdated container is stopped",
      view({ containers: [made("a", { specHash: "old" })] }),
      ["stop a-id changed"],
    ],
    [
      "a container that was never started is thrown away",
      view({ containers: [made("a", { state: "created" })] }),
      ["discard a-id"],
    ],
    ["only once", view({ containers: [made("a", { specHash: "old" })], stopping: new Set(["a-id"]) }), []],
    [
      "a dead sandbox is cleared away first",
      view({ sandboxes: [sandbox({ ready: false })], containers: [made("a")] }),
      ["stop-sandbox s0"],
    ],
    [
      "then made anew",
      view({
        sandboxes: [sandbox({ ready: false })],
        stoppedSandboxes: new Set(["s0"]),
        containers: [exited("a", 137)],
      }),
      ["create-sandbox 1"],
    ],
    [
      "not for a finished pod",
      view({ pod: never, sandboxes: [sandbox({ ready: false })], containers: [exited("a", 0)] }),
      [],
    ],
    [
      "a sandbox without an address is no good",
      view({ sandboxes: [sandbox({ ips: [] })] }),
      ["stop-sandbox s0"],
    ],
    ["the first init container alone", view({ pod: twoInits, images: allImages }), ["start i1 0"]],
    [
      "then the sidecar",
      view({ pod: twoInits, images: allImages, containers: [exited("i1", 0)] }),
      ["start side 0"],
    ],
    [
      "which must have started",
      view({ pod: twoInits, images: allImages, containers: [made("side"), exited("i1", 0)] }),
      [],
    ],
    [
      "then the next init container",
      view({
        pod: twoInits,
        images: allImages,
        containers: [made("side"), exited("i1", 0)],
        started: new Set(["side-id"]),
      }),
      ["start i2 0"],
    ],
    [
      "then the app",
      view({
        pod: twoInits,
        images: allImages,
        containers: [exited("i2", 0), made("side"), exited("i1", 0)],
        started: new Set(["side-id"]),
      }),
      ["start a 0"],
    ],
    [
      "a sidecar that ends comes back beside the app",
      view({
        pod: twoInits,
        images: allImages,
        containers: [made("a"), exited("side", 0), exited("i2", 0), exited("i1", 0)],
      }),
      ["start side 1"],
    ],
    [
      "a failed init container is tried again",
      view({ pod: twoInits, images: allImages, containers: [exited("i1", 1)] }),
      ["start i1 1"],
    ],
    [
      "a new sandbox begins with the init containers",
      view({
        pod: twoInits,
        images: allImages,
        sandboxes: [sandbox({ id: "s1", attempt: 1 }), sandbox({ ready: false })],
        containers: [exited("a", 137), exited("side", 137), exited("i2", 0), exited("i1", 0)],
      }),
      ["start i1 1"],
    ],
    [
      "containers start in the order of the spec",
      view({
        pod: pod({ containers: [container("a"), container("b")] }),
        images: new Map([
          ["a", "checking"],
          ["b", "ready"],
        ]),
      }),
      [],
    ],
    [
      "but one that cannot start holds up no other",
      view({
        pod: pod({ containers: [container("a"), container("b")] }),
        images: new Map<string, Obstacle | "ready">([
          ["a", { reason: "ErrImagePull", message: "", retryAtMs: NOW + 1 }],
          ["b", "ready"],
        ]),
      }),
      ["start b 0"],
    ],
    [
      "an exit code that a rule names brings it back",
      view({
        pod: pod({
          restartPolicy: "Never",
          containers: [
            container("a", {
              restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
            }),
          ],
        }),
        containers: [exited("a", 42)],
      }),
      ["start a 1"],
    ],
  ];
  for (const [name, given, wanted] of table) test(name, () => assert.deepEqual(actions(given), wanted));

  test("a waiting restart says when it is due", () => {
    const restartDelays = new Map([["a", { delayMs: 20_000, sinceMs: NOW - 5_000 }]]);
    const { wakeAtMs, backingOff } = plan(view({ containers: [exited("a", 1)], restartDelays }));
    assert.equal(wakeAtMs, NOW + 19_000);
    assert.equal(backingOff.get("a")?.delayMs, 20_000);
  });

  test("a pod is finished when nothing will run again", () => {
    assert.ok(plan(view({ pod: never, containers: [exited("a", 1)] })).finished);
    assert.ok(plan(view({ pod: onFailure, containers: [exited("a", 0)] })).finished);
    assert.ok(!plan(view({ containers: [exited("a", 0)] })).finished);
    const failedInit = pod({ restartPolicy: "Never", initContainers: [container("i1")] });
    assert.ok(plan(view({ pod: failedInit, containers: [exited("i1", 1)] })).finished);
  });
});
