import assert from "node:assert/strict";
import { test } from "node:test";
import { cellsOf, created, made, problemsOf, updateProblems } from "#api/test-kit";
import { Pod } from "./pod.ts";
import { podResizeProblems } from "./pod-resize.ts";
import { limitsOf, qosClassOf, requestsOf } from "./podresources.ts";

type Loose = Readonly<Record<string, unknown>>;

const container = (change: Loose = {}): Loose => ({ name: "main", image: "nginx:1.27", ...change });
const pod = (spec: Loose = {}, metadata: Loose = {}): Loose => ({
  metadata,
  spec: { containers: [container()], ...spec },
});
const withContainer = (change: Loose): Loose => pod({ containers: [container(change)] });

test("a plain pod has nothing wrong with it", () => {
  assert.deepEqual(problemsOf(Pod, pod()), []);
});

const wrong: readonly (readonly [name: string, object: Loose, problems: readonly string[]])[] = [
  ["no containers", pod({ containers: [] }), ["spec.containers: Required value"]],
  ["no image", withContainer({ image: "" }), ["spec.containers[0].image: Required value"]],
  [
    "the same name twice",
    pod({ containers: [container(), container()] }),
    ['spec.containers[1].name: Duplicate value: "main"'],
  ],
  [
    "a mount of nothing",
    withContainer({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
  ],
  [
    "two sources",
    pod({ volumes: [{ name: "data", emptyDir: {}, hostPath: { path: "/x" } }] }),
    ["spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "a policy that is none",
    pod({ restartPolicy: "Sometimes" }),
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
  ],
  [
    "a request above its limit",
    withContainer({ resources: { requests: { cpu: "2" }, limits: { cpu: "500m" } } }),
    [
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 500m',
    ],
  ],
  [
    "a port out of range",
    withContainer({ ports: [{ containerPort: 70000 }] }),
    [
      "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    ],
  ],
  [
    "two ports of the node",
    pod({
      containers: [
        container({ ports: [{ containerPort: 80, hostPort: 80 }] }),
        container({ name: "side", ports: [{ containerPort: 81, hostPort: 80 }] }),
      ],
    }),
    ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
  ],
  [
    "a probe without a way",
    withContainer({ livenessProbe: {} }),
    ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
  ],
  [
    "a probe that must succeed twice",
    withContainer({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
    ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    "a variable with a value from two places",
    withContainer({
      env: [{ name: "A", value: "b", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    }),
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ],
  [
    "a toleration without a key",
    pod({ tolerations: [{ operator: "Equal", value: "x" }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    "a probe on an init container",
    pod({ initContainers: [container({ name: "init", readinessProbe: { exec: { command: ["true"] } } })] }),
    [
      "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  [
    "a deadline of no time",
    pod({ activeDeadlineSeconds: 0 }),
    ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
  ],
  [
    "own DNS without servers",
    pod({ dnsPolicy: "None" }),
    ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
  ],
  [
    "a gated pod on a node",
    pod({ nodeName: "one", schedulingGates: [{ name: "wait" }] }),
    ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
  ],
  [
    "escalation forbidden and taken",
    withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    [
      'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    ],
  ],
];

for (const [name, object, problems] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problemsOf(Pod, object), problems));

test("defaults follow from the rest", () => {
  const { spec } = made(
    Pod,
    pod({
      containers: [
        container({ image: "nginx", resources: { limits: { cpu: "1", memory: "1Gi" } } }),
        container({ name: "side", image: "localhost:5000/side@sha256:abc" }),
      ],
      volumes: [{ name: "scratch" }],
      serviceAccountName: "robot",
    }),
  );
  assert.equal(spec.containers[0]?.imagePullPolicy, "Always");
  assert.equal(spec.containers[1]?.imagePullPolicy, "IfNotPresent");
  assert.deepEqual(spec.containers[0]?.resources.requests, { cpu: "1", memory: "1Gi" });
  assert.deepEqual(spec.volumes, [{ name: "scratch", emptyDir: {} }]);
  assert.equal(spec.serviceAccount, "robot");
  assert.equal(spec.terminationGracePeriodSeconds, 30);
  assert.equal(spec.enableServiceLinks, true);
  assert.deepEqual(spec.securityContext, {});
  assert.equal(spec.dnsPolicy, "ClusterFirst");
});

test("a new pod is pending, has its class of service, and says that it is gated", () => {
  const gated = created(Pod, {
    ...pod({ schedulingGates: [{ name: "wait" }] }),
    status: { phase: "Running" },
  });
  assert.equal(gated.status.phase, "Pending");
  assert.equal(gated.status.qosClass, "BestEffort");
  assert.equal(gated.status.conditions?.[0]?.reason, "SchedulingGated");
});

test("label keys become requirements of the selector", () => {
  const term = { topologyKey: "zone", labelSelector: {}, matchLabelKeys: ["app"] };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const { spec } = created(Pod, pod({ affinity }, { labels: { app: "web" } }));
  const settled = spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0];
  assert.deepEqual(settled?.labelSelector?.matchExpressions, [
    { key: "app", operator: "In", values: ["web"] },
  ]);
});

test("of a stored pod only little may change", () => {
  const old = pod({ tolerations: [{ key: "a", operator: "Exists" }] });
  const may = [
    pod({ containers: [container({ image: "nginx:2" })], tolerations: [{ key: "a", operator: "Exists" }] }),
    pod({
      tolerations: [
        { key: "a", operator: "Exists" },
        { key: "b", operator: "Exists" },
      ],
    }),
    pod({ tolerations: [{ key: "a", operator: "Exists" }], activeDeadlineSeconds: 5 }),
  ];
  for (const next of may) assert.deepEqual(updateProblems(Pod, old, next), []);
  const [problem] = updateProblems(Pod, old, { spec: { ...(old.spec as object), hostname: "other" } });
  assert.match(
    problem!,
    /^spec: Forbidden: pod updates may not change fields other than .*\n {2}hostname: /s,
  );
  assert.deepEqual(
    updateProblems(Pod, old, pod({ containers: [container(), container({ name: "two" })] })).slice(0, 1),
    ["spec.containers: Forbidden: pod updates may not add or remove containers"],
  );
  assert.deepEqual(updateProblems(Pod, old, pod()), [
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
  ]);
});

test("classes of service", () => {
  const classOf = (resources: Loose): string => qosClassOf(made(Pod, withContainer({ resources })).spec);
  assert.equal(classOf({}), "BestEffort");
  assert.equal(classOf({ requests: { cpu: "1" } }), "Burstable");
  assert.equal(classOf({ limits: { cpu: "1", memory: "1Gi" } }), "Guaranteed");
  assert.equal(classOf({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }), "Burstable");
});

test("what a pod asks for: all containers with the sidecars, or one init container with those before it", () => {
  const cpu = (amount: string): Loose => ({
    resources: { requests: { cpu: amount }, limits: { cpu: amount } },
  });
  const asked = made(
    Pod,
    pod({
      initContainers: [
        container({ name: "first", ...cpu("2") }),
        container({ name: "side", restartPolicy: "Always", ...cpu("250m") }),
        container({ name: "second", ...cpu("3") }),
      ],
      containers: [container(cpu("500m")), container({ name: "two", ...cpu("1") })],
      overhead: { cpu: "10m" },
    }),
  );
  assert.equal(requestsOf(asked).get("cpu"), 3260);
  assert.equal(limitsOf(asked).get("cpu"), 3260);
});

const status = (change: Loose): Loose => ({ ...pod(), status: change });
const running = (change: Loose = {}): Loose => ({
  name: "main",
  ready: true,
  restartCount: 0,
  image: "",
  imageID: "",
  state: { running: {} },
  ...change,
});

const cells: readonly (readonly [name: string, object: Loose, expected: Loose])[] = [
  ["pending", status({ phase: "Pending" }), { Ready: "0/1", Status: "Pending", Restarts: "0" }],
  [
    "running",
    status({ phase: "Running", containerStatuses: [running()] }),
    { Ready: "1/1", Status: "Running" },
  ],
  [
    "waiting",
    status({
      phase: "Running",
      containerStatuses: [
        running({
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, finishedAt: "2025-12-31T23:55:00Z" } },
        }),
      ],
    }),
    { Ready: "0/1", Status: "CrashLoopBackOff", Restarts: "3 (5m ago)" },
  ],
  [
    "ended",
    status({
      phase: "Failed",
      containerStatuses: [running({ ready: false, state: { terminated: { exitCode: 3 } } })],
    }),
    { Status: "ExitCode:3" },
  ],
  [
    "initializing",
    {
      spec: {
        containers: [container()],
        initContainers: [container({ name: "a" }), container({ name: "b" })],
      },
      status: {
        phase: "Pending",
        initContainerStatuses: [
          running({ name: "a", state: { terminated: { exitCode: 0 } } }),
          running({ name: "b", state: { running: {} } }),
        ],
      },
    },
    { Status: "Init:1/2", Ready: "0/1" },
  ],
  [
    "going",
    {
      ...status({ phase: "Running", containerStatuses: [running()] }),
      metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
    },
    { Status: "Terminating" },
  ],
];

for (const [name, object, expected] of cells)
  test(`table: ${name}`, () => {
    const row = cellsOf(Pod, made(Pod, object));
    for (const [column, value] of Object.entries(expected)) assert.equal(row[column], value, column);
  });

test("a pod may be given more, but stays what it is", () => {
  const sized = (resources: Loose) => made(Pod, withContainer({ resources }));
  const resize = (before: Loose, after: Loose): string[] =>
    [...podResizeProblems(sized(after), sized(before))].map(({ path, detail }) => `${path}: ${detail}`);
  const limits = { cpu: "1", memory: "1Gi" };
  assert.deepEqual(resize({ limits }, { limits: { cpu: "2", memory: "1Gi" } }), []);
  assert.deepEqual(resize({ limits }, { limits, requests: { cpu: "500m" } }), [
    "spec: Pod QOS Class may not change as a result of resizing",
  ]);
  assert.deepEqual(resize({ requests: { cpu: "1", memory: "1Gi" } }, { requests: { cpu: "1" } }), [
    "spec.containers[0].resources.requests: resource requests cannot be removed",
  ]);
});
