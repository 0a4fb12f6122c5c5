import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { systemClock } from "#base/clock";
import { runCommand } from "#base/node/command";
import { Scope } from "#base/scope";
import type { InformerSet } from "#client/informer-set";
import { canMakeNamespaces, type Machine, NetworkLab } from "#testing/network/lab";
import { ObjectFeed } from "#testing/object-feed";
import { type Network, startNetwork } from "./network.ts";

/** Nodes 1 and 2 share a cable with the router; node 3 is behind it. The router is the outside world as well. */
describe("pods reach pods on every node", { skip: !canMakeNamespaces && "needs root" }, () => {
  const lab = new NetworkLab();
  const scope = new Scope();
  const feed = new ObjectFeed();
  const ADDRESSES = ["192.0.2.11", "192.0.2.12", "198.51.100.13"] as const;
  let dir: string;
  let nodes: readonly Machine[];
  let pods: readonly Machine[];
  let router: Machine;
  let networks: readonly Network[];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "k8ts-network-"));
    const made = await lab.machines("node0", "node1", "node2", "pod0", "pod1", "pod2", "pod3", "router");
    nodes = made.slice(0, 3);
    pods = made.slice(3, 7);
    router = made[7];
    await router.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    await router.ip("link add br0 type bridge", "address add 192.0.2.1/24 dev br0", "link set br0 up");
    for (const [index, node] of nodes.entries()) {
      const far = index === 2;
      await lab.connect(router, node, {
        rightDevice: "eth0",
        leftAddresses: far ? ["198.51.100.1/24"] : [],
        rightAddresses: [`${ADDRESSES[index]}/24`],
      });
      if (!far) await router.ip(`link set ${node.name} master br0`);
      await node.ip(`route add default via ${far ? "198.51.100.1" : "192.0.2.1"}`);
      show(index);
    }
    networks = await Promise.all(nodes.map((_node, index) => start(index, feed.informers(scope), scope)));
    for (const network of networks) {
      await network.ready;
      await network.settled();
    }
    await Promise.all([addPod(0, 0), addPod(1, 1), addPod(2, 2)]);
    await addPod(0, 3);
    for (const machine of [...pods, router]) await machine.serveTcp(80);
  });

  after(async () => {
    await scope.close();
    await lab.close();
    await rm(dir, { recursive: true, force: true });
  });

  const start = (index: number, informers: InformerSet, scope: Scope): Promise<Network> =>
    startNetwork({
      informers,
      nodeName: `n${index}`,
      nodeIPs: [ADDRESSES[index]!],
      podRanges: ["10.244.0.0/16", "fd00:10:244::/56"],
      cniConfDir: join(dir, nodes[index]!.name, "cni"),
      addressesDir: join(dir, nodes[index]!.name, "addresses"),
      clock: systemClock,
      scope,
      namespace: nodes[index]!.namespace,
    });

  function show(index: number): void {
    const podCIDRs = [`10.244.${index}.0/24`, `fd00:10:244:${index}::/64`];
    feed.set(Node, {
      metadata: { name: `n${index}` },
      spec: { podCIDRs, podCIDR: podCIDRs[0] },
      status: { addresses: [{ type: "InternalIP", address: ADDRESSES[index]! }] },
    });
  }

  /** Runs the plugins as a container runtime does. */
  async function addPod(node: number, pod: number): Promise<void> {
    const machine = nodes[node]!;
    const path = join(dir, machine.name, "cni", "10-k8ts.conflist");
    const { plugins, name, cniVersion } = JSON.parse(await readFile(path, "utf8"));
    const input = JSON.stringify({ ...plugins[0], name, cniVersion });
    const environment = [
      "CNI_COMMAND=ADD",
      `CNI_CONTAINERID=pod${pod}`,
      `CNI_NETNS=/run/netns/${pods[pod]!.namespace}`,
      "CNI_IFNAME=eth0",
      "CNI_PATH=/usr/lib/cni",
    ];
    const command = ["netns", "exec", machine.namespace, "env", ...environment, "/usr/lib/cni/ptp"];
    await runCommand("ip", command, { input });
  }

  test("on the same node", async () => {
    equal(await pods[0]!.tcp("10.244.0.3", 80), "pod3 10.244.0.2");
    equal(await nodes[0]!.tcp("10.244.0.3", 80).then((answer) => answer.split(" ")[0]), "pod3");
  });

  test("on a node of the same segment, with the pod's own address", async () => {
    equal(await pods[0]!.tcp("10.244.1.2", 80), "pod1 10.244.0.2");
    match(await nodes[0]!.run("ip", "route", "show", "10.244.1.0/24"), /via 192\.0\.2\.12 dev eth0/);
  });

  test("on a node of another segment, through the tunnel", async () => {
    equal(await pods[0]!.tcp("10.244.2.2", 80), "pod2 10.244.0.2");
    equal(await pods[2]!.tcp("10.244.1.2", 80), "pod1 10.244.2.2");
    match(await nodes[0]!.run("ip", "route", "show", "10.244.2.0/24"), /dev k8ts\.vxlan/);
  });

  test("from every node to every pod", async () => {
    for (const node of nodes) {
      for (const address of ["10.244.0.2", "10.244.1.2", "10.244.2.2"]) {
        match(await node.tcp(address, 80), /^pod/, `${node.name} to ${address}`);
      }
    }
  });

  test("the world outside sees the node, other nodes see the pod", async () => {
    equal(await pods[0]!.tcp("192.0.2.1", 80), "router 192.0.2.11");
    await nodes[1]!.serveTcp(81);
    equal(await pods[0]!.tcp("192.0.2.12", 81), "node1 10.244.0.2");
  });

  test("an address without a pod is unreachable at once, and its packets stay", async () => {
    await router.run(
      "nft",
      "add table ip t; add chain ip t f { type filter hook prerouting priority -300; }; add rule ip t f ip daddr 10.244.0.0/16 counter",
    );
    for (const machine of [pods[0]!, nodes[0]!]) {
      match(await machine.tcp("10.244.77.1", 80), /^EHOSTUNREACH|ENETUNREACH$/, machine.name);
      match(await machine.tcp("10.244.0.99", 80), /^EHOSTUNREACH|ENETUNREACH$/, machine.name);
    }
    match(await router.run("nft", "list table ip t"), /counter packets 0 bytes 0/);
  });

  test("host ports lead into the pod, at all addresses or at one", async () => {
    const pod = (name: string, podIP: string, port: object, phase = "Running"): void =>
      feed.set(Pod, {
        metadata: { namespace: "ns", name },
        spec: { nodeName: "n0", containers: [{ name: "main", ports: [port] }] },
        status: { phase, podIPs: [{ ip: podIP }] },
      } as never);
    pod("a", "10.244.0.2", { hostPort: 8000, containerPort: 80, protocol: "TCP" });
    pod("b", "10.244.0.3", { hostPort: 8001, containerPort: 80, protocol: "TCP", hostIP: "127.0.0.1" });
    await feed.delivered();
    await networks[0]!.settled();
    equal(await router.tcp("192.0.2.11", 8000), "pod0 192.0.2.1");
    equal(await pods[1]!.tcp("192.0.2.11", 8000), "pod0 10.244.1.2");
    for (const caller of [nodes[0]!, pods[0]!, pods[3]!]) {
      match(await caller.tcp("192.0.2.11", 8000), /^pod0 /, caller.name);
    }
    match(await nodes[0]!.tcp("127.0.0.1", 8000), /^pod0 /);
    match(await nodes[0]!.tcp("127.0.0.1", 8001), /^pod3 /);
    equal(await router.tcp("192.0.2.11", 8001), "ECONNREFUSED");
    pod("a", "10.244.0.2", { hostPort: 8000, containerPort: 80, protocol: "TCP" }, "Succeeded");
    await feed.delivered();
    await networks[0]!.settled();
    equal(await router.tcp("192.0.2.11", 8000), "ECONNREFUSED");
  });

  test("a second start leaves tunnel and routes as they are", async () => {
    const links = () => nodes[0]!.run("ip", "-o", "link", "show", "k8ts.vxlan");
    const routes = () => nodes[0]!.run("ip", "route");
    const before = [await links(), await routes()];
    const again = new Scope();
    const network = await start(0, feed.informers(again), again);
    await network.ready;
    await network.settled();
    deepEqual([await links(), await routes()], before);
    equal(await pods[0]!.tcp("10.244.2.2", 80), "pod2 10.244.0.2");
    await again.close();
  });

  test("routes go with their node and come with it", async () => {
    feed.delete(Node, "n1");
    await feed.delivered();
    await networks[0]!.settled();
    match(await nodes[0]!.tcp("10.244.1.2", 80), /^EHOSTUNREACH|ENETUNREACH$/);
    ok(!(await nodes[0]!.run("ip", "route")).includes("10.244.1.0/24"));
    show(1);
    await feed.delivered();
    await networks[0]!.settled();
    equal(await pods[0]!.tcp("10.244.1.2", 80), "pod1 10.244.0.2");
  });
});
