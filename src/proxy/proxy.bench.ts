/**
 * What a change costs with many Services in the kernel, in a network namespace of its own. Run as root:
 * node src/proxy/proxy.bench.ts [services]
 */
import { Node } from "#api/core-v1/node";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { systemClock } from "#base/clock";
import { Scope } from "#base/scope";
import { NetworkLab } from "#testing/network/lab";
import { ObjectFeed } from "#testing/object-feed";
import { startProxy } from "./proxy.ts";

const ROUNDS = 200;
const ENDPOINTS = 3;

const count = Number(process.argv[2] ?? 10_000);
const lab = new NetworkLab();
const scope = new Scope();
const feed = new ObjectFeed();
const [node] = await lab.machines("node");
feed.set(Node, { metadata: { name: "n1" } } as never);

const address = (net: number, index: number): string => `10.${net}.${index >> 8}.${index & 255}`;

function endpoints(index: number, ready: number): void {
  const list = Array.from({ length: ready }, (_, place) => ({
    addresses: [address(200 + place, index)],
    conditions: { ready: true },
    nodeName: "n2",
  }));
  feed.set(EndpointSlice, {
    metadata: {
      namespace: "ns",
      name: `web-${index}`,
      labels: { "kubernetes.io/service-name": `web-${index}` },
    },
    addressType: "IPv4",
    ports: [{ name: "", protocol: "TCP", port: 8080 }],
    endpoints: list,
  } as never);
}

for (let index = 0; index < count; index++) {
  feed.set(Service, {
    metadata: { namespace: "ns", name: `web-${index}` },
    spec: {
      type: "ClusterIP",
      clusterIP: address(96, index),
      ports: [{ name: "", protocol: "TCP", port: 80 }],
    },
  } as never);
  endpoints(index, ENDPOINTS);
}

await node.ip("address add 192.0.2.1/24 dev lo");
const beganMs = systemClock.monotonic();
const cpu = process.cpuUsage();
const proxy = await startProxy({
  informers: feed.informers(scope),
  nodeName: "n1",
  nodeIPs: ["192.0.2.1"],
  podCIDRs: ["10.192.0.0/10"],
  serviceCIDRs: ["10.96.0.0/14"],
  clock: systemClock,
  scope,
  namespace: node.namespace,
});
await proxy.settled();
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(
  `${count} services with ${ENDPOINTS} endpoints each: ${(systemClock.monotonic() - beganMs).toFixed(0)} ms from nothing to the kernel, ` +
    `${((user + system) / 1_000).toFixed(0)} ms CPU, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB RSS with the objects\n`,
);

const times: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const index = (round * 37) % count;
  const startMs = systemClock.monotonic();
  endpoints(index, round % 2 === 0 ? ENDPOINTS - 1 : ENDPOINTS);
  await feed.delivered();
  await proxy.settled();
  times.push(systemClock.monotonic() - startMs);
}
times.sort((a, b) => a - b);
const at = (share: number): string => times[Math.floor(share * (times.length - 1))]!.toFixed(2);
process.stdout.write(
  `one endpoint change until the kernel has it: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms\n`,
);

await scope.close();
await lab.close();
