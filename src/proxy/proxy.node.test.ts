import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Node } from "#api/core-v1/node";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { canMakeNamespaces, type Machine, NetworkLab } from "#testing/network/lab";
import { ObjectFeed } from "#testing/object-feed";
import { type Proxy, startProxy } from "./proxy.ts";

/** A node with two pods, a second node with one, and a client outside, all on cables of their own to the node. */
describe("real packets find their way to the endpoints", { skip: !canMakeNamespaces && "needs root" }, () => {
  const lab = new NetworkLab();
  const scope = new Scope();
  const feed = new ObjectFeed();
  const clock = new VirtualClock();
  let node: Machine;
  let pods: readonly Machine[];
  let client: Machine;
  let proxy: Proxy;

  before(async () => {
    const [n, a, b, c, outside] = await lab.machines("node", "poda", "podb", "podc", "client");
    [node, pods, client] = [n, [a, b, c], outside];
    await n.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    for (const [index, pod] of pods.entries()) {
      const at = `1.${index + 1}`;
      await lab.connect(n, pod, {
        leftDevice: `pod${index}`,
        rightDevice: "eth0",
        leftAddresses: [`10.244.${at}0/32`, `fd00:10:244::${index + 1}0/128`],
        rightAddresses: [`10.244.${at}/32`, `fd00:10:244::${index + 1}/128`],
      });
      await n.ip(
        `route add 10.244.${at}/32 dev pod${index}`,
        `route add fd00:10:244::${index + 1}/128 dev pod${index}`,
      );
      await pod.ip(
        `route add 10.244.${at}0/32 dev eth0`,
        `route add default via 10.244.${at}0`,
        `route add fd00:10:244::${index + 1}0/128 dev eth0`,
        `route add ::/0 via fd00:10:244::${index + 1}0`,
      );
      await pod.serveTcp(8080);
      await pod.serveUdp(5353);
    }
    await lab.connect(n, client, {
      leftAddresses: ["198.51.100.1/24", "2001:db8::1/64"],
      rightAddresses: ["198.51.100.9/24", "2001:db8::9/64"],
      rightDevice: "eth0",
    });
    await client.ip("route add default via 198.51.100.1", "route add ::/0 via 2001:db8::1");
    feed.set(Node, { metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z1" } } });
    proxy = await startProxy({ ...place(), informers: feed.informers(scope), scope });
    await settled();
  });

  after(async () => {
    await scope.close();
    await lab.close();
  });

  const place = () => ({
    nodeName: "n1",
    nodeIPs: ["198.51.100.1", "2001:db8::1"],
    podCIDRs: ["10.244.0.0/16", "fd00:10:244::/64"],
    serviceCIDRs: ["10.96.0.0/16", "fd00:10:96::/112"],
    clock,
    namespace: node.namespace,
  });

  async function settled(): Promise<void> {
    await feed.delivered();
    await proxy.settled();
  }

  type Port = NonNullable<Service["spec"]["ports"]>[number];

  function service(
    name: string,
    spec: Partial<Service["spec"]> & { ports?: readonly Port[] },
    status = {},
  ): void {
    feed.set(Service, {
      metadata: { namespace: "ns", name },
      spec: { type: "ClusterIP", sessionAffinity: "None", ports: [tcp80], ...spec },
      status: { loadBalancer: {}, ...status },
    } as never);
  }

  const tcp80 = { name: "", protocol: "TCP", port: 80, targetPort: 8080 } as Port;
  const udp53 = { name: "", protocol: "UDP", port: 53, targetPort: 5353 } as Port;

  /** Endpoints by the index of their pod; pods 0 and 1 are on the node. */
  function endpoints(
    name: string,
    indexes: readonly number[],
    {
      port = 8080,
      protocol = "TCP",
      v6 = false,
      conditions = {} as Record<string, boolean>,
      hints = {},
    } = {},
  ): void {
    feed.set(EndpointSlice, {
      metadata: { namespace: "ns", name, labels: { "kubernetes.io/service-name": name } },
      addressType: v6 ? "IPv6" : "IPv4",
      ports: [{ name: "", protocol, port }],
      endpoints: indexes.map((index) => ({
        addresses: [v6 ? `fd00:10:244::${index + 1}` : `10.244.1.${index + 1}`],
        conditions,
        nodeName: index < 2 ? "n1" : "n2",
        ...hints,
      })),
    } as never);
  }

  const repeat = async (times: number, call: () => Promise<string>): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (let count = 0; count < times; count++) answers.push(await call());
    return answers;
  };
  const names = (answers: readonly string[]): readonly string[] =>
    [...new Set(answers.map((answer) => answer.split(" ")[0]!))].sort();

  test("a cluster address leads to every endpoint, from a pod, from the node and from outside", async () => {
    service("web", { clusterIP: "10.96.0.1" });
    endpoints("web", [0, 1, 2]);
    await settled();
    for (const machine of [pods[1]!, node, client]) {
      const answers = await repeat(30, () => machine.tcp("10.96.0.1", 80));
      deepEqual(names(answers), ["poda", "podb", "podc"], machine.name);
    }
  });

  test("senders in the cluster keep their address, others get the node's", async () => {
    service("source", { clusterIP: "10.96.0.2" });
    endpoints("source", [0]);
    await settled();
    equal(await pods[1]!.tcp("10.96.0.2", 80), "poda 10.244.1.2");
    equal(await client.tcp("10.96.0.2", 80), "poda 10.244.1.10");
  });

  test("a pod reaches itself through its Service", async () => {
    service("self", { clusterIP: "10.96.0.3" });
    endpoints("self", [0]);
    await settled();
    equal(await pods[0]!.tcp("10.96.0.3", 80), "poda 10.244.1.10");
  });

  test("a change of endpoints moves new connections, and an empty Service refuses", async () => {
    service("moving", { clusterIP: "10.96.0.4" });
    endpoints("moving", []);
    await settled();
    for (const machine of [pods[0]!, node, client])
      equal(await machine.tcp("10.96.0.4", 80), "ECONNREFUSED", machine.name);
    endpoints("moving", [0, 1]);
    await settled();
    deepEqual(names(await repeat(20, () => client.tcp("10.96.0.4", 80))), ["poda", "podb"]);
    endpoints("moving", [2]);
    await settled();
    deepEqual(names(await repeat(10, () => client.tcp("10.96.0.4", 80))), ["podc"]);
    feed.delete(Service, "ns/moving");
    await settled();
    // No Service there at all: refused just the same, and never routed away.
    for (const machine of [pods[0]!, node])
      equal(await machine.tcp("10.96.0.4", 80), "ECONNREFUSED", machine.name);
  });

  test("further ranges are served as the first one, as long as they are there", async () => {
    const range = (name: string, ...cidrs: string[]) =>
      feed.set(ServiceCIDR, { metadata: { name }, spec: { cidrs }, status: {} } as never);
    range("within", "10.96.7.0/24");
    range("more", "192.0.2.0/28", "fd00:10:97::/112");
    service("further", { clusterIP: "192.0.2.5" });
    endpoints("further", [0, 2]);
    await settled();
    for (const machine of [pods[1]!, node]) {
      deepEqual(names(await repeat(20, () => machine.tcp("192.0.2.5", 80))), ["poda", "podc"], machine.name);
      equal(await machine.tcp("192.0.2.6", 80), "ECONNREFUSED", machine.name);
    }
    for (const nobody of ["fd00:10:96::6", "fd00:10:97::6"])
      equal(await node.tcp(nobody, 80), "ECONNREFUSED", nobody);
    feed.delete(Service, "ns/further");
    feed.delete(ServiceCIDR, "more");
    await settled();
    equal(await node.tcp("192.0.2.6", 80), "ENETUNREACH");
    feed.delete(ServiceCIDR, "within");
    await settled();
    equal(await node.tcp("10.96.7.7", 80), "ECONNREFUSED");
  });

  test("node ports, external addresses and load balancer addresses", async () => {
    service(
      "outer",
      {
        clusterIP: "10.96.0.5",
        type: "LoadBalancer",
        externalIPs: ["203.0.113.7"],
        ports: [{ ...tcp80, nodePort: 30080 }],
      },
      {
        loadBalancer: {
          ingress: [
            { ip: "203.0.113.8", ipMode: "VIP" },
            { ip: "203.0.113.9", ipMode: "Proxy" },
          ],
        },
      },
    );
    endpoints("outer", [0, 2]);
    await settled();
    deepEqual(names(await repeat(20, () => client.tcp("198.51.100.1", 30080))), ["poda", "podc"]);
    deepEqual(names(await repeat(10, () => node.tcp("198.51.100.1", 30080))), ["poda", "podc"]);
    deepEqual(names(await repeat(10, () => pods[1]!.tcp("198.51.100.1", 30080))), ["poda", "podc"]);
    match(await client.tcp("203.0.113.7", 80), /^pod[ac] 10\.244\.1\.[13]0$/);
    match(await client.tcp("203.0.113.8", 80), /^pod[ac] /);
    ok(!(await client.tcp("203.0.113.9", 80, { timeoutMs: 300 })).startsWith("pod"));
  });

  test("external traffic policy Local keeps the source and stays on the node", async () => {
    service("local", {
      clusterIP: "10.96.0.6",
      type: "NodePort",
      externalTrafficPolicy: "Local",
      ports: [{ ...tcp80, nodePort: 30081 }],
    });
    endpoints("local", [1, 2]);
    await settled();
    deepEqual([...new Set(await repeat(10, () => client.tcp("198.51.100.1", 30081)))], ["podb 198.51.100.9"]);
    deepEqual(names(await repeat(20, () => pods[0]!.tcp("198.51.100.1", 30081))), ["podb", "podc"]);
    deepEqual(names(await repeat(20, () => node.tcp("198.51.100.1", 30081))), ["podb", "podc"]);
    endpoints("local", [2]);
    await settled();
    equal(await client.tcp("198.51.100.1", 30081, { timeoutMs: 300 }), "ETIMEDOUT");
    deepEqual(names(await repeat(3, () => pods[0]!.tcp("198.51.100.1", 30081))), ["podc"]);
  });

  test("internal traffic policy Local stays on the node", async () => {
    service("near", { clusterIP: "10.96.0.7", internalTrafficPolicy: "Local" });
    endpoints("near", [0, 2]);
    await settled();
    deepEqual(names(await repeat(10, () => pods[1]!.tcp("10.96.0.7", 80))), ["poda"]);
    endpoints("near", [2]);
    await settled();
    equal(await pods[1]!.tcp("10.96.0.7", 80, { timeoutMs: 300 }), "ETIMEDOUT");
  });

  test("session affinity keeps a client with its backend until that goes", async () => {
    service("sticky", {
      clusterIP: "10.96.0.8",
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
    });
    endpoints("sticky", [0, 1, 2]);
    await settled();
    const first = names(await repeat(15, () => client.tcp("10.96.0.8", 80)));
    equal(first.length, 1);
    const left = [0, 1, 2].filter((index) => pods[index]!.name !== first[0]);
    endpoints("sticky", left);
    await settled();
    const second = names(await repeat(15, () => client.tcp("10.96.0.8", 80)));
    equal(second.length, 1);
    ok(second[0] !== first[0]);
    endpoints("sticky", [2, 1, 0]);
    await settled();
    deepEqual(names(await repeat(15, () => client.tcp("10.96.0.8", 80))), second);
  });

  test("only the allowed sources reach a load balancer address", async () => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.20", ipMode: "VIP" }] } };
    const spec = { clusterIP: "10.96.0.9", type: "LoadBalancer" as const };
    service("guarded", { ...spec, loadBalancerSourceRanges: ["198.51.100.0/24", "198.51.100.9/32"] }, status);
    endpoints("guarded", [0]);
    await settled();
    match(await client.tcp("203.0.113.20", 80), /^poda /);
    service("guarded", { ...spec, loadBalancerSourceRanges: ["192.0.2.0/24"] }, status);
    await settled();
    equal(await client.tcp("203.0.113.20", 80, { timeoutMs: 300 }), "ETIMEDOUT");
    match(await client.tcp("10.96.0.9", 80), /^poda /);
    service("guarded", { ...spec, loadBalancerSourceRanges: ["0.0.0.0/0"] }, status);
    await settled();
    match(await client.tcp("203.0.113.20", 80), /^poda /);
  });

  test("a UDP flow moves on when its endpoint goes", async () => {
    service("dns", { clusterIP: "10.96.0.10", ports: [udp53] });
    endpoints("dns", [], { port: 5353, protocol: "UDP" });
    await settled();
    equal(await client.udp("10.96.0.10", 53, { sourcePort: 40000 }), "ECONNREFUSED");
    endpoints("dns", [0], { port: 5353, protocol: "UDP" });
    await settled();
    match(await client.udp("10.96.0.10", 53, { sourcePort: 40000 }), /^poda /);
    endpoints("dns", [1], { port: 5353, protocol: "UDP" });
    await settled();
    match(await client.udp("10.96.0.10", 53, { sourcePort: 40000 }), /^podb /);
    endpoints("dns", [], { port: 5353, protocol: "UDP" });
    await settled();
    equal(await client.udp("10.96.0.10", 53, { sourcePort: 40000 }), "ECONNREFUSED");
  });

  test("IPv6 with affinity and without", async () => {
    service("six", { clusterIP: "fd00:10:96::1" });
    endpoints("six", [0, 1, 2], { v6: true });
    service("sticky6", { clusterIP: "fd00:10:96::2", sessionAffinity: "ClientIP" });
    endpoints("sticky6", [0, 1, 2], { v6: true });
    service("none6", { clusterIP: "fd00:10:96::3" });
    await settled();
    deepEqual(names(await repeat(30, () => client.tcp("fd00:10:96::1", 80))), ["poda", "podb", "podc"]);
    deepEqual(names(await repeat(30, () => node.tcp("fd00:10:96::1", 80))), ["poda", "podb", "podc"]);
    equal(names(await repeat(15, () => client.tcp("fd00:10:96::2", 80))).length, 1);
    equal(names(await repeat(15, () => pods[0]!.tcp("fd00:10:96::2", 80))).length, 1);
    equal(await client.tcp("fd00:10:96::3", 80), "ECONNREFUSED");
    equal(await node.tcp("fd00:10:96::4", 80), "ECONNREFUSED");
  });

  test("hints choose near endpoints, and draining ones serve when no other is left", async () => {
    service("hinted", { clusterIP: "10.96.0.11" });
    feed.set(EndpointSlice, {
      metadata: { namespace: "ns", name: "hinted", labels: { "kubernetes.io/service-name": "hinted" } },
      addressType: "IPv4",
      ports: [{ name: "", protocol: "TCP", port: 8080 }],
      endpoints: [0, 2].map((index) => ({
        addresses: [`10.244.1.${index + 1}`],
        conditions: { ready: true },
        hints: { forZones: [{ name: index === 0 ? "z1" : "z2" }] },
      })),
    } as never);
    service("draining", { clusterIP: "10.96.0.12" });
    endpoints("draining", [1], { conditions: { ready: false, serving: true, terminating: true } });
    service("unready", { clusterIP: "10.96.0.13" });
    endpoints("unready", [1], { conditions: { ready: false, serving: false, terminating: false } });
    await settled();
    deepEqual(names(await repeat(10, () => client.tcp("10.96.0.11", 80))), ["poda"]);
    deepEqual(names(await repeat(2, () => client.tcp("10.96.0.12", 80))), ["podb"]);
    equal(await client.tcp("10.96.0.13", 80), "ECONNREFUSED");
  });

  test("a table that somebody took away is there again with the next change", async () => {
    await node.run("nft", "delete table ip k8ts");
    ok(!(await client.tcp("10.96.0.2", 80, { timeoutMs: 300 })).startsWith("pod"));
    service("next", { clusterIP: "10.96.0.14" });
    endpoints("next", [0]);
    await settled();
    match(await client.tcp("10.96.0.14", 80), /^poda /);
    match(await client.tcp("10.96.0.2", 80), /^poda /);
  });

  test("a table that somebody took away is there again after a while without any change", async () => {
    await node.run("nft", "flush ruleset");
    await clock.advance(30_000);
    let tables = "";
    while (!tables.includes("table ip k8ts") || !tables.includes("table ip6 k8ts")) {
      tables = await node.run("nft", "list", "tables");
    }
    match(await client.tcp("10.96.0.2", 80), /^poda /);
  });

  test("a second start keeps open connections and clients where they are", async () => {
    const again = new Scope();
    const before = names(await repeat(5, () => client.tcp("10.96.0.8", 80)));
    const second = await startProxy({ ...place(), informers: feed.informers(again), scope: again });
    await second.settled();
    deepEqual(names(await repeat(10, () => client.tcp("10.96.0.8", 80))), before);
    await again.close();
  });

  test("a table that another version made is replaced", async () => {
    await node.run(
      "nft",
      "delete table ip k8ts; add table ip k8ts; add map ip k8ts services { type ipv4_addr : verdict; }",
    );
    const again = new Scope();
    const third = await startProxy({ ...place(), informers: feed.informers(again), scope: again });
    await third.settled();
    deepEqual(names(await repeat(30, () => client.tcp("10.96.0.1", 80))), ["poda", "podb", "podc"]);
    await again.close();
  });
});
