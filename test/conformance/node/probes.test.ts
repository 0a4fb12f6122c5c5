/** Probes, hooks and what else happens to containers that run. */
import assert from "node:assert/strict";
import type { V1Container, V1Pod, V1Probe } from "@kubernetes/client-node";
import { outputOf } from "../finished-pod.ts";
import { events, pods } from "../kinds.ts";
import { Kubectl } from "../kubectl.ts";
import { isReady, podOf, scripted, specOf, waiting } from "../pods.ts";
import { ask, GRPC_PORT, HTTP_PORT, responderPod } from "../responder/pod.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const SUITE = "[sig-node] Probing container";
const NODE = "[NodeConformance] [Conformance]";

const every = (more: V1Probe): V1Probe => ({ periodSeconds: 1, failureThreshold: 1, ...more });

const restartsOf = ({ status }: V1Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;

/** Well for as long as `/tmp/health` exists. */
const HEALTH =
  "touch /tmp/health; mkdir -p /tmp/www/healthz; echo ok >/tmp/www/healthz/index.html; httpd -p 8080 -h /tmp/www; trap 'exit 0' TERM; sleep 3600 & wait";

/** What is asked, and what makes the container ill. */
const PROBES: Readonly<Record<string, { readonly asks: V1Probe; readonly ill: string }>> = {
  "/healthz http": { asks: { httpGet: { path: "/healthz/", port: 8080 } }, ill: "rm -r /tmp/www/healthz" },
  'exec "cat /tmp/health"': { asks: { exec: { command: ["cat", "/tmp/health"] } }, ill: "rm /tmp/health" },
  // A child that answers may be gone when its turn comes.
  "tcp:8080": { asks: { tcpSocket: { port: 8080 } }, ill: "killall httpd || true" },
};

/** Asks whether a container lives, from when it has begun to answer. */
const liveness = (asks: V1Probe, begins = asks): Pick<V1Container, "livenessProbe" | "startupProbe"> => ({
  livenessProbe: every({ ...asks, initialDelaySeconds: 1, timeoutSeconds: 10 }),
  startupProbe: every({ ...begins, failureThreshold: 60, timeoutSeconds: 10 }),
});

/** Makes a container whose liveness is asked for, and waits until it is ready. */
async function makeProbed(context: ConformanceContext, asks: V1Probe): Promise<void> {
  await pods(context).create(podOf("probed", scripted(HEALTH, liveness(asks))));
  await pods(context).until("probed", isReady, "is ready");
}

async function isRestartedWhen(context: ConformanceContext, ill: string): Promise<void> {
  await new Kubectl(context).run("exec probed -- sh -c", ill);
  const pod = await pods(context).until(
    "probed",
    (now) => restartsOf(now) === 1 && isReady(now),
    "is started again",
  );
  assert.ok(pod.status?.containerStatuses?.[0]?.lastState?.terminated);
}

/** Waits as long as several probes of another pod take. */
async function severalProbes(context: ConformanceContext): Promise<void> {
  const readinessProbe = every({ exec: { command: ["test", "-e", "/tmp/done"] } });
  const clock = scripted("sleep 3; touch /tmp/done; sleep 3600", { readinessProbe });
  await pods(context).create(podOf("clock", clock));
  await pods(context).until("clock", isReady, "some probes later");
}

for (const [what, { asks, ill }] of Object.entries(PROBES)) {
  conformance(`${SUITE} should *not* be restarted with a ${what} liveness probe ${NODE}`, async (context) => {
    await makeProbed(context, asks);
    await severalProbes(context);
    assert.equal(restartsOf(await pods(context).read("probed")), 0);
    // And yet somebody has asked.
    await isRestartedWhen(context, ill);
  });

  // A behaviour with this name does not exist for all of them.
  if (what.startsWith("tcp")) continue;
  conformance(`${SUITE} should be restarted with a ${what} liveness probe ${NODE}`, async (context) => {
    await makeProbed(context, asks);
    await isRestartedWhen(context, ill);
  });
}

/** Checks before it listens would be failures, and those of its start are not to be counted. */
const GRPC = liveness({ grpc: { port: GRPC_PORT } }, { tcpSocket: { port: GRPC_PORT } });

conformance(`${SUITE} should *not* be restarted with a GRPC liveness probe ${NODE}`, async (context) => {
  await pods(context).create(responderPod("well", { container: GRPC }));
  await pods(context).until("well", isReady, "is ready");
  await ask(context, "well", "checked", `http://127.0.0.1:${HTTP_PORT}`);
  assert.equal(restartsOf(await pods(context).read("well")), 0);
});

conformance(`${SUITE} should be restarted with a GRPC liveness probe ${NODE}`, async (context) => {
  const serves = { grpc: GRPC_PORT, "ill-after": 2 };
  await pods(context).create(responderPod("ill", { serves, container: GRPC }));
  const pod = await pods(context).until(
    "ill",
    (now) => restartsOf(now) === 1 && isReady(now),
    "is started again",
  );
  assert.ok(pod.status?.containerStatuses?.[0]?.lastState?.terminated);
  await events(context).untilAll(
    { fieldSelector: "reason=Unhealthy" },
    (all) =>
      all.some(
        ({ message }) =>
          message === 'Liveness probe failed: service unhealthy (responded with "NOT_SERVING")',
      ),
    "an event says why",
  );
});

conformance(`${SUITE} should have monotonically increasing restart count ${NODE}`, async (context) => {
  const recording = await pods(context).record({ fieldSelector: "metadata.name=falls" });
  await pods(context).create(podOf("falls", scripted("sleep 1; exit 1")));
  await recording.until(({ object }) => restartsOf(object) === 2, "it was started twice more");
  const counts = recording.events.map(({ object }) => restartsOf(object));
  assert.deepEqual(
    counts,
    counts.toSorted((one, other) => one - other),
  );
  assert.deepEqual([...new Set(counts)], [0, 1, 2]);
});

conformance(
  `${SUITE} with readiness probe should not be ready before initial delay and never restart ${NODE}`,
  async (context) => {
    const initialDelaySeconds = 4;
    await pods(context).create(
      podOf(
        "waits",
        scripted(HEALTH, { readinessProbe: every({ ...PROBES["tcp:8080"]!.asks, initialDelaySeconds }) }),
      ),
    );
    const { status } = await pods(context).until("waits", isReady, "is ready");
    const ready = status!.conditions!.find(({ type }) => type === "Ready")!;
    const started = status!.containerStatuses![0]!.state!.running!.startedAt!;
    // Times of the API are whole seconds.
    assert.ok(
      Date.parse(String(ready.lastTransitionTime)) - Date.parse(String(started)) >=
        (initialDelaySeconds - 1) * 1000,
    );
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 0);
  },
);

conformance(
  `${SUITE} with readiness probe that fails should never be ready and never restart ${NODE}`,
  async (context) => {
    const recording = await pods(context).record({ fieldSelector: "metadata.name=never" });
    await pods(context).create(
      podOf("never", waiting({ readinessProbe: every({ exec: { command: ["false"] } }) })),
    );
    await pods(context).until("never", ({ status }) => status?.phase === "Running", "runs");
    await severalProbes(context);
    assert.ok(recording.events.every(({ object }) => !isReady(object) && restartsOf(object) === 0));
  },
);

const HOOKS = "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute";

for (const hook of ["poststart", "prestop"] as const) {
  for (const way of ["exec", "http"] as const) {
    conformance(`${HOOKS} ${hook} ${way} hook properly ${NODE}`, async (context) => {
      const { namespace, raw } = context;
      // Keeps count of who has called.
      const listens =
        "mkdir -p /tmp/www/cgi-bin; printf '#!/bin/sh\\nprintf \"content-type: text/plain\\\\r\\\\n\\\\r\\\\n\"\\necho $QUERY_STRING >>/tmp/calls; cat /tmp/calls' >/tmp/www/cgi-bin/call; chmod 755 /tmp/www/cgi-bin/call; exec httpd -f -p 8080 -h /tmp/www";
      await pods(context).create(
        podOf("listens", scripted(listens, { readinessProbe: every({ tcpSocket: { port: 8080 } }) })),
      );
      const { status } = await pods(context).until("listens", isReady, "is ready");
      const path = `/cgi-bin/call?${hook}`;
      const handler =
        way === "exec"
          ? { exec: { command: ["wget", "-qO-", `http://${status!.podIP}:8080${path}`] } }
          : { httpGet: { host: status!.podIP, port: 8080, path } };
      const lifecycle = hook === "poststart" ? { postStart: handler } : { preStop: handler };
      await pods(context).create(
        podOf("hooked", waiting({ lifecycle }), { terminationGracePeriodSeconds: 15 }),
      );
      await pods(context).until("hooked", isReady, "is ready");
      const calls = async () =>
        (await raw("GET", `/api/v1/namespaces/${namespace}/pods/listens:8080/proxy/cgi-bin/call?asked`)).body
          .split("\n")
          .filter((word) => word === hook);
      assert.equal((await calls()).length, hook === "poststart" ? 1 : 0);
      await pods(context).delete("hooked");
      await pods(context).untilGone("hooked");
      assert.equal((await calls()).length, 1);
    });
  }
}

conformance("[sig-node] PreStop should call prestop when killing a pod [Conformance]", async (context) => {
  const volumes = [{ name: "shared", emptyDir: {} }];
  const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
  // The hook writes, and the other container lives long enough to say what it read.
  const spec = specOf(
    waiting({
      volumeMounts,
      lifecycle: { preStop: { exec: { command: ["sh", "-c", "echo called >/shared/hook"] } } },
    }),
    { volumes, terminationGracePeriodSeconds: 10 },
  );
  const script =
    "trap 'n=0; until [ -e /shared/hook ] || [ $n = 50 ]; do n=$((n+1)); sleep 0.1; done; cat /shared/hook >/dev/termination-log; exit 0' TERM; sleep 3600 & wait";
  spec.containers.push(scripted(script, { name: "reads", volumeMounts, securityContext: { runAsUser: 0 } }));
  const finalizers = ["example.com/kept"];
  await pods(context).create({ metadata: { name: "pod", finalizers }, spec });
  context.defer(() => pods(context).patch("pod", { metadata: { finalizers: null } }));
  await pods(context).until("pod", isReady, "is ready");
  await pods(context).delete("pod");
  const { status } = await pods(context).until(
    "pod",
    (pod) => pod.status?.containerStatuses?.every(({ state }) => state?.terminated) === true,
    "has ended",
  );
  const reads = status!.containerStatuses!.find(({ name }) => name === "reads")!;
  assert.equal(reads.state?.terminated?.message, "called\n");
});

conformance(
  "[sig-node] Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod [Conformance]",
  async (context) => {
    await pods(context).create(podOf("pod", waiting()));
    await pods(context).until("pod", isReady, "is ready");
    await add(context, "debugger");
    const { status } = await pods(context).until(
      "pod",
      (pod) => pod.status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
      "is looked into",
    );
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 0);
    assert.equal(await new Kubectl(context).run("exec pod -c debugger -- cat /tmp/marco"), "polo\n");
  },
);

conformance(
  "[sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]",
  async (context) => {
    await pods(context).create(podOf("pod", waiting()));
    await pods(context).until("pod", isReady, "is ready");
    await add(context, "debugger-1");
    await pods(context).until(
      "pod",
      (pod) => pod.status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
      "is looked into",
    );
    const client = pods(context).subresource<V1Pod>("Ephemeralcontainers");
    const pod = await client.read("pod");
    pod.spec!.ephemeralContainers = [...pod.spec!.ephemeralContainers!, ephemeral("debugger-2")];
    const replaced = await client.replace(pod);
    assert.deepEqual(
      replaced.spec?.ephemeralContainers?.map(({ name }) => name),
      ["debugger-1", "debugger-2"],
    );
    await pods(context).until(
      "pod",
      ({ status }) => status?.ephemeralContainerStatuses?.filter(({ state }) => state?.running).length === 2,
      "both look into it",
    );
    assert.deepEqual(
      (await client.read("pod")).spec?.ephemeralContainers?.map(({ name }) => name),
      ["debugger-1", "debugger-2"],
    );
  },
);

const ephemeral = (name: string) => ({ ...scripted("echo polo >/tmp/marco; sleep 3600"), name });

const add = (context: ConformanceContext, name: string) =>
  pods(context)
    .subresource<V1Pod>("Ephemeralcontainers")
    .patch(
      "pod",
      { spec: { ephemeralContainers: [ephemeral(name)] } },
      "application/strategic-merge-patch+json",
    );

conformance(
  "[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [NodeConformance] [Conformance]",
  async (context) => {
    const managed = /^# Kubernetes-managed hosts file/;
    assert.match(await outputOf(context, "cat /etc/hosts"), managed);
    // One that a container brings itself stays its own.
    const volumes = [{ name: "own", emptyDir: {} }];
    const initContainers = [
      scripted("echo mine >/own/hosts", {
        name: "writes",
        volumeMounts: [{ name: "own", mountPath: "/own" }],
      }),
    ];
    const own = { volumeMounts: [{ name: "own", mountPath: "/etc/hosts", subPath: "hosts" }] };
    assert.equal(await outputOf(context, "cat /etc/hosts", own, { volumes, initContainers }), "mine\n");
    // On the network of the node it is the node's.
    assert.doesNotMatch(
      await outputOf(context, "cat /etc/hosts 2>/dev/null || true", {}, { hostNetwork: true }),
      /^# Kubernetes-managed hosts file\./,
    );
  },
);
