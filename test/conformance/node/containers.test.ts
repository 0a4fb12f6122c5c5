/** What a container is started with: its command, its environment, its user. */
import assert from "node:assert/strict";
import type { V1EnvVar, V1Pod } from "@kubernetes/client-node";
import { finishedPod, logOf, outputOf } from "../finished-pod.ts";
import { refused } from "../kind-client.ts";
import { configMaps, nodes, pods, secrets, services } from "../kinds.ts";
import { Kubectl } from "../kubectl.ts";
import { isReady, podOf, scripted, specOf, waiting, web } from "../pods.ts";
import type { Recording } from "../recording.ts";
import { conformance } from "../suite.ts";

const NODE = "[NodeConformance] [Conformance]";

for (const [kind, store] of [
  ["ConfigMap", configMaps],
  ["Secrets", secrets],
] as const) {
  const isSecret = kind === "Secrets";
  const data = { "data-1": "value-1", "data-2": "value-2", "data-3": "value-3" };
  const source = isSecret ? { stringData: data } : { data };
  const keyRef = (key: string) =>
    isSecret ? { secretKeyRef: { name: "source", key } } : { configMapKeyRef: { name: "source", key } };
  const allRef = isSecret ? { secretRef: { name: "source" } } : { configMapRef: { name: "source" } };
  const title = isSecret ? "consumable from pods in env vars" : "consumable via environment variable";

  conformance(`[sig-node] ${kind} should be ${title} ${NODE}`, async (context) => {
    await store(context).create({ metadata: { name: "source" }, ...source });
    const env: V1EnvVar[] = [
      { name: "DATA_1", valueFrom: keyRef("data-1") },
      { name: "DATA_3", valueFrom: keyRef("data-3") },
    ];
    assert.equal(await outputOf(context, "echo $DATA_1 $DATA_3", { env }), "value-1 value-3\n");
  });

  conformance(`[sig-node] ${kind} should be consumable via the environment ${NODE}`, async (context) => {
    await store(context).create({
      metadata: { name: "source" },
      ...(isSecret
        ? { stringData: { data_1: "value-1", data_2: "value-2" } }
        : { data: { data_1: "value-1", data_2: "value-2" } }),
    });
    assert.equal(
      await outputOf(context, "echo $data_1 $p_data_2", { envFrom: [allRef, { prefix: "p_", ...allRef }] }),
      "value-1 value-2\n",
    );
  });

  const names = isSecret ? "environment variable names variable names" : "environment variable names";
  conformance(
    `[sig-node] ${kind} should be consumable as ${names} with various prefixes [Conformance]`,
    async (context) => {
      await store(context).create({ metadata: { name: "source" }, ...source });
      const prefixes = ["", "p-", "p.", "1-", "$_x-", "#"];
      // Shells leave out what they could not name.
      const envFrom = prefixes.map((prefix) => ({ prefix, ...allRef }));
      const said = await outputOf(context, "", { command: ["env"], envFrom });
      assert.deepEqual(
        said
          .split("\n")
          .filter((line) => line.endsWith("data-1=value-1"))
          .toSorted(),
        prefixes.map((prefix) => `${prefix}data-1=value-1`).toSorted(),
      );
    },
  );
}

const field = (name: string, fieldPath: string): V1EnvVar => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});
const resource = (name: string, of: string): V1EnvVar => ({
  name,
  valueFrom: { resourceFieldRef: { resource: of } },
});

conformance(
  `[sig-node] Downward API should provide pod name, namespace and IP address as env vars ${NODE}`,
  async (context) => {
    const env = [
      field("NAME", "metadata.name"),
      field("NAMESPACE", "metadata.namespace"),
      field("IP", "status.podIP"),
    ];
    const said = await outputOf(
      context,
      "echo $NAME $NAMESPACE $IP; hostname -i",
      { env },
      {},
      { name: "knows" },
    );
    const { status } = await pods(context).read("knows");
    assert.equal(said, `knows ${context.namespace} ${status!.podIP}\n${status!.podIP}\n`);
  },
);

for (const [what, fieldPath, valueIn] of [
  ["host IP as an env var", "status.hostIP", ({ status }) => status!.hostIP],
  ["hostIPs as an env var", "status.hostIPs", ({ status }) => status!.hostIPs!.map(({ ip }) => ip).join(",")],
  ["pod UID as env vars", "metadata.uid", ({ metadata }) => metadata!.uid],
] as readonly (readonly [string, string, (pod: V1Pod) => string | undefined])[])
  conformance(`[sig-node] Downward API should provide ${what} ${NODE}`, async (context) => {
    const env = [field("VALUE", fieldPath)];
    const said = await outputOf(context, "echo $VALUE", { env }, {}, { name: "knows" });
    const value = valueIn(await pods(context).read("knows"));
    assert.ok(value);
    assert.equal(said, `${value}\n`);
  });

const ASKED = [
  resource("CPU_LIMIT", "limits.cpu"),
  resource("MEMORY_LIMIT", "limits.memory"),
  resource("CPU", "requests.cpu"),
  resource("MEMORY", "requests.memory"),
];

conformance(
  `[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars ${NODE}`,
  async (context) => {
    const resources = { requests: { cpu: "250m", memory: "32Mi" }, limits: { cpu: "1250m", memory: "64Mi" } };
    assert.equal(
      await outputOf(context, "echo $CPU_LIMIT $MEMORY_LIMIT $CPU $MEMORY", { env: ASKED, resources }),
      "2 67108864 1 33554432\n",
    );
  },
);

conformance(
  `[sig-node] Downward API should provide default limits.cpu/memory from node allocatable ${NODE}`,
  async (context) => {
    const said = await outputOf(
      context,
      "echo $CPU_LIMIT $MEMORY_LIMIT",
      { env: ASKED.slice(0, 2) },
      {},
      { name: "asks" },
    );
    const { spec } = await pods(context).read("asks");
    const { cpu, memory } = (await nodes(context).read(spec!.nodeName!)).status!.allocatable!;
    assert.equal(
      said,
      `${cpu!.endsWith("m") ? Math.ceil(Number(cpu!.slice(0, -1)) / 1000) : cpu} ${Number(memory!.replace("Ki", "")) * 1024}\n`,
    );
  },
);

conformance(
  "[sig-node] Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]",
  async (context) => {
    await pods(context).create(podOf("default", web()));
    await pods(context).until("default", isReady, "runs what the image says");
    const { code, body } = await context.raw(
      "GET",
      `/api/v1/namespaces/${context.namespace}/pods/default:8080/proxy/cgi-bin/hostname`,
    );
    assert.deepEqual([code, body], [200, "default\n"]);
  },
);

for (const [what, command, args, expected] of [
  ["the image's default arguments (container cmd)", undefined, ["echo", "args"], "args\n"],
  ["the image's default command (container entrypoint)", ["echo", "command"], undefined, "command\n"],
  ["the image's default command and arguments", ["echo"], ["both", "of them"], "both of them\n"],
] as const) {
  conformance(
    `[sig-node] Containers should be able to override ${what} [NodeConformance] [Conformance]`,
    async (context) => {
      const container = {
        name: "main",
        image: context.images.web,
        command: command && [...command],
        args: args && [...args],
      };
      const { status } = await finishedPod(context, podOf("says", container));
      assert.deepEqual([status?.phase, await logOf(context, "says")], ["Succeeded", expected]);
    },
  );
}

conformance(
  `[sig-node] Variable Expansion should allow composing env vars into new env vars ${NODE}`,
  async (context) => {
    const env = [
      { name: "FOO", value: "foo-value" },
      { name: "BAR", value: "bar-value" },
      { name: "FOOBAR", value: "$(FOO);;$(BAR);;$$(FOO);;$(NONE)" },
    ];
    assert.equal(
      await outputOf(context, 'echo "$FOOBAR"', { env }),
      "foo-value;;bar-value;;$(FOO);;$(NONE)\n",
    );
  },
);

for (const [what, container] of [
  ["command", { command: ["sh", "-c", 'TEST_VAR=wrong; echo "$(TEST_VAR)"'] }],
  ["args", { command: ["sh", "-c"], args: ['TEST_VAR=wrong; echo "$(TEST_VAR)"'] }],
] as const) {
  conformance(
    `[sig-node] Variable Expansion should allow substituting values in a container's ${what} ${NODE}`,
    async (context) => {
      const made = waiting({
        ...("args" in container ? { args: [...container.args] } : {}),
        command: [...container.command],
        env: [{ name: "TEST_VAR", value: "test-value" }],
      });
      await finishedPod(context, podOf("expands", made));
      assert.equal(await logOf(context, "expands"), "test-value\n");
    },
  );
}

const VOLUMES = { volumes: [{ name: "work", emptyDir: {} }] };
const inSubpath = (subPathExpr: string, more: V1EnvVar[] = []) => ({
  env: [field("POD_NAME", "metadata.name"), ...more],
  volumeMounts: [
    { name: "work", mountPath: "/own", subPathExpr },
    { name: "work", mountPath: "/all" },
  ],
});

conformance(
  "[sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]",
  async (context) => {
    const said = await outputOf(context, "ls /all; test -d /own", inSubpath("sub-$(POD_NAME)"), VOLUMES, {
      name: "expands",
    });
    assert.equal(said, "sub-expands\n");
  },
);

conformance(
  "[sig-node] Variable Expansion should succeed in writing subpaths in container [Conformance]",
  async (context) => {
    const container = inSubpath("$(POD_NAME)/deep");
    assert.equal(
      await outputOf(
        context,
        "echo written >/own/file; cat /all/writes/deep/file",
        { ...container, securityContext: { runAsUser: 0 } },
        VOLUMES,
        { name: "writes" },
      ),
      "written\n",
    );
  },
);

for (const [what, value, pattern] of [
  ["absolute path", "/absolute", /must not be absolute|must be a relative path|absolute/i],
  ["backticks", "..", /'\.\.'|backstep|\.\./],
] as const) {
  conformance(
    `[sig-node] Variable Expansion should fail substituting values in a volume subpath with ${what} [Conformance]`,
    async (context) => {
      await pods(context).create(
        podOf("fails", waiting(inSubpath("$(VALUE)", [{ name: "VALUE", value }])), VOLUMES),
      );
      const { status } = await pods(context).until(
        "fails",
        ({ status: now }) =>
          now?.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError",
        "cannot start",
      );
      assert.match(status!.containerStatuses![0]!.state!.waiting!.message!, pattern);
      assert.equal(status?.phase, "Pending");
    },
  );
}

conformance(
  "[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Slow] [Conformance]",
  async (context) => {
    const container = inSubpath("$(VALUE)/$(POD_NAME)", [
      field("VALUE", "metadata.annotations['mysubpath']"),
    ]);
    await pods(context).create(podOf("changes", waiting(container), VOLUMES));
    await pods(context).until(
      "changes",
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError",
      "cannot start",
    );
    await pods(context).patch("changes", { metadata: { annotations: { mysubpath: "mypath" } } });
    await pods(context).until("changes", isReady, "runs after all");
    await new Kubectl(context).run("exec changes -- test -d /all/mypath/changes");
  },
);

conformance(
  "[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]",
  async (context) => {
    assert.equal(await outputOf(context, "id -u", { securityContext: { runAsUser: 65_534 } }), "65534\n");
  },
);

conformance(
  "[sig-node] Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]",
  async (context) => {
    assert.equal(
      await outputOf(
        context,
        "id -u; id -g",
        { securityContext: { runAsUser: 1001, runAsGroup: 2002 } },
        { securityContext: { runAsUser: 7 } },
      ),
      "1001\n2002\n",
    );
  },
);

conformance(
  "[sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]",
  async (context) => {
    assert.equal(
      await outputOf(context, "id -u; id -g", {}, { securityContext: { runAsUser: 1001, runAsGroup: 2002 } }),
      "1001\n2002\n",
    );
  },
);

conformance(
  "[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]",
  async (context) => {
    const script = "ip link add dummy0 type dummy 2>&1 || true";
    assert.match(
      await outputOf(context, script, { securityContext: { privileged: false, runAsUser: 0 } }),
      /Operation not permitted/,
    );
  },
);

conformance(
  "[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance] [Conformance]",
  async (context) => {
    assert.equal(
      await outputOf(context, "echo written >/file && cat /file", {
        securityContext: { readOnlyRootFilesystem: false, runAsUser: 0 },
      }),
      "written\n",
    );
  },
);

conformance(
  "[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]",
  async (context) => {
    const script = "echo written >/file; test ! -e /file";
    assert.match(
      await outputOf(context, `(${script}) 2>&1`, {
        securityContext: { readOnlyRootFilesystem: true, runAsUser: 0 },
      }),
      /Read-only file system/,
    );
  },
);

conformance(
  "[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]",
  async (context) => {
    const script = "grep NoNewPrivs /proc/self/status";
    assert.match(
      await outputOf(context, script, {
        securityContext: { allowPrivilegeEscalation: false, runAsUser: 1000 },
      }),
      /^NoNewPrivs:\s+1$/m,
    );
    assert.match(
      await outputOf(context, script, {
        securityContext: { allowPrivilegeEscalation: true, runAsUser: 1000 },
      }),
      /^NoNewPrivs:\s+0$/m,
    );
  },
);

conformance(
  "[sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls [Environment:NotInUserNS] [Conformance]",
  async (context) => {
    const sysctls = [{ name: "kernel.shm_rmid_forced", value: "1" }];
    assert.equal(
      await outputOf(context, "cat /proc/sys/kernel/shm_rmid_forced", {}, { securityContext: { sysctls } }),
      "1\n",
    );
  },
);

conformance(
  "[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls [Conformance]",
  async (context) => {
    const sysctls = ["foo-", "kernel.shmmax", "safe-and-unsafe", "bar.."].map((name) => ({
      name,
      value: "1",
    }));
    const { details } = await refused(
      pods(context).create(podOf("bad", waiting(), { securityContext: { sysctls } })),
      422,
      "Invalid",
    );
    assert.deepEqual(
      details?.causes?.map(({ field: at }) => at),
      ["spec.securityContext.sysctls[0].name", "spec.securityContext.sysctls[3].name"],
    );
  },
);

conformance(
  "[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance] [Conformance]",
  async (context) => {
    const said = await outputOf(
      context,
      "cat /etc/hosts",
      {},
      { hostAliases: [{ ip: "123.45.67.89", hostnames: ["foo", "bar"] }] },
    );
    assert.match(said, /^123\.45\.67\.89\tfoo\tbar$/m);
    assert.match(said, /^127\.0\.0\.1\s+localhost$/m);
  },
);

conformance(
  "[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs [NodeConformance] [Conformance]",
  async (context) => {
    const said = await outputOf(context, "echo 'Hello World'; echo again >&2");
    // Two streams, which are in order each by itself.
    assert.deepEqual(said.split("\n").toSorted(), ["", "Hello World", "again"]);
  },
);

conformance(
  "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]",
  async (context) => {
    const { status } = await finishedPod(context, podOf("fails", scripted("exit 7")));
    const { terminated } = status!.containerStatuses![0]!.state!;
    assert.deepEqual([status?.phase, terminated?.reason, terminated?.exitCode], ["Failed", "Error", 7]);
  },
);

conformance(
  "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete [NodeConformance] [Conformance]",
  async (context) => {
    await pods(context).create(podOf("fails", scripted("exit 7")));
    await pods(context).until(
      "fails",
      ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
      "is started again",
    );
    await pods(context).delete("fails");
    await pods(context).untilGone("fails");
  },
);

conformance("[sig-node] Pods should get a host IP [NodeConformance] [Conformance]", async (context) => {
  await pods(context).create(podOf("pod", waiting()));
  const { status, spec } = await pods(context).until("pod", isReady, "is ready");
  const { status: of } = await nodes(context).read(spec!.nodeName!);
  assert.equal(status?.hostIP, of?.addresses?.find(({ type }) => type === "InternalIP")?.address);
});

conformance(
  "[sig-node] Pods should contain environment variables for services [NodeConformance] [Conformance]",
  async (context) => {
    const { spec } = await services(context).create({
      metadata: { name: "foo-service" },
      spec: { selector: { app: "none" }, ports: [{ port: 8765, targetPort: 8080 }] },
    });
    const said = await outputOf(context, "env | grep ^FOO_SERVICE");
    const ip = spec!.clusterIP;
    for (const line of [
      `FOO_SERVICE_SERVICE_HOST=${ip}`,
      "FOO_SERVICE_SERVICE_PORT=8765",
      `FOO_SERVICE_PORT=tcp://${ip}:8765`,
      `FOO_SERVICE_PORT_8765_TCP=tcp://${ip}:8765`,
      "FOO_SERVICE_PORT_8765_TCP_PROTO=tcp",
      `FOO_SERVICE_PORT_8765_TCP_ADDR=${ip}`,
    ])
      assert.ok(said.split("\n").includes(line), `${line} is in ${said}`);
  },
);

conformance(
  "[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]",
  async (context) => {
    const same = { cpu: "100m", memory: "100Mi" };
    const { status } = await pods(context).create(
      podOf("same", waiting({ resources: { requests: same, limits: same } })),
    );
    assert.equal(status?.qosClass, "Guaranteed");
    const more = await pods(context).create(podOf("more", waiting({ resources: { requests: same } })));
    assert.equal(more.status?.qosClass, "Burstable");
    assert.equal((await pods(context).create(podOf("none", waiting()))).status?.qosClass, "BestEffort");
  },
);

conformance(
  "[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]",
  async (context) => {
    const client = pods(context);
    const recording = await client.record({ labelSelector: "name=foo" });
    await client.create(podOf("pod", waiting(), { terminationGracePeriodSeconds: 30 }, { name: "foo" }));
    await recording.until(({ type }) => type === "ADDED", "it is added");
    await client.until("pod", isReady, "is ready");
    await client.delete("pod");
    // It is told of first, and goes when its containers have ended.
    await recording.until(
      ({ type, object }) => type === "MODIFIED" && object.metadata?.deletionGracePeriodSeconds === 30,
      "it is to go",
    );
    const { object } = await recording.until(({ type }) => type === "DELETED", "it is deleted");
    assert.ok(object.metadata?.deletionTimestamp);
    assert.ok(object.status?.containerStatuses?.[0]?.state?.terminated);
    assert.deepEqual(await client.list({ labelSelector: "name=foo" }), []);
  },
);

conformance("[sig-node] Pods should be updated [NodeConformance] [Conformance]", async (context) => {
  const client = pods(context);
  await client.create(podOf("pod", waiting(), {}, { time: "one" }));
  await client.until("pod", isReady, "is ready");
  await client.update("pod", (pod) => {
    pod.metadata!.labels!.time = "two";
  });
  assert.deepEqual(
    (await client.list({ labelSelector: "time=two" })).map(({ metadata }) => metadata?.name),
    ["pod"],
  );
  assert.equal((await client.read("pod")).status?.containerStatuses?.[0]?.restartCount, 0);
});

conformance(
  "[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]",
  async (context) => {
    const client = pods(context);
    await client.create(podOf("pod", waiting()));
    await client.until("pod", isReady, "is ready");
    await client.update("pod", (pod) => {
      pod.spec!.activeDeadlineSeconds = 1;
    });
    const { status } = await client.until(
      "pod",
      (pod) => pod.status?.phase === "Failed",
      "is over its deadline",
    );
    assert.equal(status?.reason, "DeadlineExceeded");
  },
);

const RESTART = "[sig-node] InitContainer [NodeConformance]";
const inits = (scripts: readonly string[]) =>
  scripts.map((script, at) => scripted(script, { name: `init-${at}` }));
const initialized = ({ status }: { status?: { conditions?: { type: string; status: string }[] } }) =>
  status?.conditions?.find(({ type }) => type === "Initialized")?.status;

const assertNeverInitialized = ({ events }: Recording<V1Pod>): void =>
  assert.ok(events.every(({ object }) => initialized(object) !== "True"));

for (const restartPolicy of ["Never", "Always"]) {
  conformance(
    `${RESTART} should invoke init containers on a Restart${restartPolicy} pod [Conformance]`,
    async (context) => {
      const volumes = [{ name: "order", emptyDir: {} }];
      const volumeMounts = [{ name: "order", mountPath: "/order" }];
      const main = scripted('cat /order/log; [ -n "$KEEP" ] && sleep 3600; exit 0', {
        volumeMounts,
        env: restartPolicy === "Always" ? [{ name: "KEEP", value: "yes" }] : [],
      });
      const initContainers = inits(["echo 0 >>/order/log", "echo 1 >>/order/log"]).map((container) => ({
        ...container,
        volumeMounts,
      }));
      await pods(context).create({
        metadata: { name: "begins" },
        spec: specOf(main, { restartPolicy, initContainers, volumes }),
      });
      const pod = await pods(context).until(
        "begins",
        (now) => (restartPolicy === "Always" ? isReady(now) : now.status?.phase === "Succeeded"),
        "comes to its main container",
      );
      assert.equal(initialized(pod), "True");
      assert.deepEqual(
        pod.status?.initContainerStatuses?.map(({ state, ready }) => [state?.terminated?.exitCode, ready]),
        [
          [0, true],
          [0, true],
        ],
      );
      assert.equal(await logOf(context, "begins"), "0\n1\n");
    },
  );
}

conformance(
  `${RESTART} should not start app containers if init containers fail on a RestartAlways pod [Conformance]`,
  async (context) => {
    const recording = await pods(context).record();
    await pods(context).create({
      metadata: { name: "stuck" },
      spec: specOf(waiting(), { initContainers: inits(["exit 1", "exit 0"]) }),
    });
    const pod = await pods(context).until(
      "stuck",
      ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2,
      "tries again and again",
    );
    assert.deepEqual([pod.status?.phase, initialized(pod)], ["Pending", "False"]);
    assert.ok(pod.status?.initContainerStatuses?.[1]?.state?.waiting);
    assert.ok(pod.status?.containerStatuses?.[0]?.state?.waiting);
    assertNeverInitialized(recording);
  },
);

conformance(
  `${RESTART} should not start app containers and fail the pod if init containers fail on a RestartNever pod [Conformance]`,
  async (context) => {
    const spec = specOf(waiting(), { restartPolicy: "Never", initContainers: inits(["exit 0", "exit 1"]) });
    const recording = await pods(context).record();
    await pods(context).create({ metadata: { name: "fails" }, spec });
    const pod = await pods(context).until("fails", ({ status }) => status?.phase === "Failed", "has failed");
    assert.equal(initialized(pod), "False");
    assert.deepEqual(
      pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode),
      [0, 1],
    );
    assert.ok(pod.status?.containerStatuses?.[0]?.state?.waiting);
    assertNeverInitialized(recording);
  },
);

const ENDS =
  "[sig-node] Container Runtime blackbox test on terminated container should report termination message";
for (const [what, script, container, expected] of [
  [
    "as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    "echo said",
    { terminationMessagePolicy: "FallbackToLogsOnError" },
    undefined,
  ],
  [
    "from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    "printf OK >/dev/termination-log",
    { terminationMessagePolicy: "FallbackToLogsOnError" },
    "OK",
  ],
  [
    "from log output if TerminationMessagePolicy FallbackToLogsOnError is set",
    "printf DONE; exit 1",
    { terminationMessagePolicy: "FallbackToLogsOnError" },
    "DONE",
  ],
  [
    "if TerminationMessagePath is set as non-root user and at a non-default path",
    "printf DONE >/dev/termination-custom-log",
    { terminationMessagePath: "/dev/termination-custom-log", securityContext: { runAsUser: 1001 } },
    "DONE",
  ],
] as const) {
  conformance(`${ENDS} ${what} ${NODE}`, async (context) => {
    const { status } = await finishedPod(context, podOf("ends", scripted(script, container)));
    const { terminated } = status!.containerStatuses![0]!.state!;
    assert.deepEqual(
      [terminated?.message, terminated?.exitCode],
      [expected, script.includes("exit 1") ? 1 : 0],
    );
  });
}

conformance(
  "[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance] [Conformance]",
  async (context) => {
    const volumes = [{ name: "count", emptyDir: {} }];
    const volumeMounts = [{ name: "count", mountPath: "/count" }];
    // Fails once, and then runs or ends well.
    const script =
      'if [ ! -e /count/tried ]; then touch /count/tried; exit 1; fi; [ -n "$STAYS" ] && exec sleep 3600; exit 0';
    for (const [restartPolicy, phase, restarts] of [
      ["Always", "Running", 1],
      ["OnFailure", "Succeeded", 1],
      ["Never", "Failed", 0],
    ] as const) {
      const name = restartPolicy.toLowerCase();
      const env = restartPolicy === "Always" ? [{ name: "STAYS", value: "yes" }] : [];
      await pods(context).create(
        podOf(name, scripted(script, { volumeMounts, env }), { restartPolicy, volumes }),
      );
      const { status } = await pods(context).until(
        name,
        ({ status: now }) =>
          now?.phase === phase &&
          now.containerStatuses?.[0]?.restartCount === restarts &&
          (phase !== "Running" || now.containerStatuses[0].ready),
        `is ${phase} after ${restarts} restarts`,
      );
      const [container] = status!.containerStatuses!;
      assert.equal(container?.ready, phase === "Running");
      assert.equal(
        container?.state?.terminated?.exitCode,
        { Running: undefined, Succeeded: 0, Failed: 1 }[phase],
      );
    }
  },
);
