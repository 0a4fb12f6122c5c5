import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { setLogSink, jsonLines } from "#base/log";
import { type Kubelet, startKubelet } from "./kubelet.ts";
import { BUSYBOX, TestMachine } from "./machine.node.test.ts";
import { MemoryApi } from "./memory-api.node.test.ts";

if (process.env.KUBELET_LOG)
  setLogSink(
    jsonLines(
      "debug",
      () => Date.now(),
      (line) => process.stderr.write(line),
    ),
  );

suite("a kubelet on containerd", { concurrency: false }, () => {
  let machine: TestMachine;
  let api: MemoryApi;
  let scope: Scope;
  let kubelet: Kubelet;
  const events: string[] = [];

  const start = async () => {
    scope = new Scope((error) => console.error(error));
    kubelet = await startKubelet({
      client: api.client,
      nodeName: "node",
      nodeIPs: ["10.213.0.1"],
      runtimeSocket: machine.socket,
      rootDir: join(machine.dir, "kubelet"),
      podLogsDir: join(machine.dir, "logs"),
      cgroupRoot: machine.cgroupRoot,
      clusterDNS: ["10.96.0.10"],
      clusterDomain: "cluster.local",
      version: "v1.35.0",
      events: { record: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`) },
      clock: systemClock,
      random: systemRandom,
      scope,
    });
  };

  before(async () => {
    machine = await TestMachine.start();
    machine.enterNetwork();
    api = new MemoryApi();
    await start();
  });

  after(async () => {
    await scope?.close();
    await machine?.[Symbol.asyncDispose]();
  });

  const run = (name: string, container: object, spec: object = {}) =>
    api.put(Pod, {
      metadata: { name },
      spec: {
        nodeName: "node",
        containers: [{ name: "main", image: BUSYBOX, imagePullPolicy: "IfNotPresent", ...container }],
        ...spec,
      },
    });

  const shell = (script: string) => ({ command: ["sh", "-c", script] });
  const phase = (wanted: string) => (pod: Pod | undefined) => pod?.status.phase === wanted;
  const isReady = (pod: Pod | undefined) =>
    pod?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

  const remove = async (name: string, grace = 1) => {
    api.deletePod(name, grace);
    await api.until(Pod, name, (pod) => pod === undefined);
  };

  test("a pod runs, and is gone when it is deleted", async () => {
    run("simple", shell("sleep 1000"));
    const pod = await api.until(Pod, "simple", isReady);
    assert.equal(pod.status.phase, "Running");
    assert.match(pod.status.podIP ?? "", /^10\.213\.0\./);
    assert.equal(pod.status.qosClass, "BestEffort");
    const [status] = pod.status.containerStatuses ?? [];
    assert.match(status?.containerID ?? "", /^containerd:\/\/[0-9a-f]{64}$/);
    assert.equal(status?.started, true);
    await remove("simple");
    assert.deepEqual(
      await kubelet.runtime.listContainers({ labelSelector: { "io.kubernetes.pod.name": "simple" } }),
      [],
    );
  });

  test("a pod that ends well has succeeded", async () => {
    run("job", shell("echo bye > /dev/termination-log"), { restartPolicy: "Never" });
    const pod = await api.until(Pod, "job", phase("Succeeded"));
    assert.equal(pod.status.containerStatuses?.[0]?.state?.terminated?.message, "bye\n");
    await remove("job");
  });
});
