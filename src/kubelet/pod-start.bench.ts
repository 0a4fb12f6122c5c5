/** How much longer a pod takes to be ready through the kubelet than its bare CRI calls take. Needs root. */
import { join } from "node:path";
import { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { startKubelet } from "./kubelet.ts";
import { BUSYBOX, TestMachine } from "./machine.node.test.ts";
import { MemoryApi } from "./memory-api.node.test.ts";

const ROUNDS = 15;

await using machine = await TestMachine.start();
const api = new MemoryApi();
const scope = new Scope();
const { runtime } = await startKubelet({
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
  events: { record: () => undefined },
  clock: systemClock,
  random: systemRandom,
  scope,
});

const command = ["sh", "-c", "trap exit TERM; sleep 1000 & wait"];

async function bare(round: number): Promise<number> {
  const began = performance.now();
  const config = {
    metadata: { name: `bare-${round}`, uid: `bare-${round}`, namespace: "default", attempt: 0 },
    logDirectory: join(machine.dir, "bare-logs"),
    linux: {
      cgroupParent: `${machine.cgroupRoot}/bare-${round}`,
      securityContext: { namespaceOptions: { pid: 1 }, seccomp: { profileType: 0 } },
    },
  };
  const sandbox = await runtime.runSandbox(config, "");
  const metadata = { name: "main", attempt: 0 };
  // The same confinement that the kubelet asks for, which is part of what a container costs.
  const linux = {
    resources: { cpuShares: 2, cpuPeriod: 100_000, oomScoreAdj: 1000 },
    securityContext: {
      namespaceOptions: { pid: 1 },
      seccomp: { profileType: 0 },
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
    },
  };
  const id = await runtime.createContainer(
    sandbox,
    { metadata, image: { image: BUSYBOX }, command, logPath: "main.log", linux },
    config,
  );
  await runtime.startContainer(id);
  const took = performance.now() - began;
  await runtime.stopSandbox(sandbox);
  await runtime.removeSandbox(sandbox);
  return took;
}

async function whole(round: number): Promise<number> {
  const name = `pod-${round}`;
  const began = performance.now();
  api.put(Pod, {
    metadata: { name },
    spec: {
      nodeName: "node",
      containers: [{ name: "main", image: BUSYBOX, imagePullPolicy: "IfNotPresent", command }],
    },
  });
  await api.until(Pod, name, (pod) => pod?.status.containerStatuses?.[0]?.ready === true);
  const took = performance.now() - began;
  api.deletePod(name, 1);
  await api.until(Pod, name, (pod) => pod === undefined);
  return took;
}

const times = { bare: [] as number[], whole: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  times.bare.push(await bare(round));
  times.whole.push(await whole(round));
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const [bareMs, wholeMs] = [median(times.bare), median(times.whole)];
process.stdout.write(
  `bare CRI ${bareMs.toFixed(1)} ms, kubelet ${wholeMs.toFixed(1)} ms, overhead ${(wholeMs - bareMs).toFixed(1)} ms (medians of ${ROUNDS})\n`,
);
await scope.close();
