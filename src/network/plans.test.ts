import { deepEqual, equal, notEqual, ok, throws } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { cniConfig } from "./cni.ts";
import { hostPortsOf } from "./host-ports.ts";
import { bridgeOf, furtherRoutes, planFabric } from "./machine/fabric.ts";
import { chooseRanges } from "./machine/ranges.ts";
import { masqueradeTables } from "./masquerade.ts";
import { peerRanges } from "./peers.ts";
import { changes, leftovers, tunnelMac, wiring } from "./routes.ts";

const node = (name: string, ips: readonly string[], podCIDRs?: readonly string[]): Node =>
  ({
    metadata: { name },
    spec: podCIDRs ? { podCIDRs, podCIDR: podCIDRs[0] } : {},
    status: { addresses: ips.map((address) => ({ type: "InternalIP", address })) },
  }) as never;

test("a node on our cable gets a route, one elsewhere a tunnel, one without a range nothing", () => {
  const here = { nodeName: "me", segments: ["192.0.2.11/24", "fd00:1::11/64"] };
  const nodes = [
    node("me", ["192.0.2.11"], ["10.244.0.0/24"]),
    node("near", ["192.0.2.12", "fd00:1::12"], ["10.244.1.0/24", "fd00:244:1::/64"]),
    node("far", ["198.51.100.13"], ["10.244.2.0/24", "fd00:244:2::/64"]),
    node("new", ["192.0.2.14"]),
    node("lost", [], ["10.244.4.0/24"]),
  ];
  deepEqual(
    peerRanges(nodes, here).map(
      ({ node: name, podCIDR, nodeIP, by }) => `${name} ${podCIDR} ${nodeIP} ${by}`,
    ),
    [
      "near 10.244.1.0/24 192.0.2.12 route",
      "far 10.244.2.0/24 198.51.100.13 tunnel",
      "near fd00:244:1::/64 fd00:1::12 route",
      "far fd00:244:2::/64 198.51.100.13 tunnel",
    ],
  );
});

describe("routes change by what changed", () => {
  const near = { node: "a", podCIDR: "10.244.1.0/24", nodeIP: "192.0.2.12", by: "route" } as const;
  const far = { node: "b", podCIDR: "10.244.2.0/24", nodeIP: "198.51.100.13", by: "tunnel" } as const;
  const empty = wiring([], []);

  test("from nothing, to a tunnel, to nothing", () => {
    const first = wiring([near], ["10.244.0.0/16"]);
    deepEqual(changes(empty, first), {
      ip: [
        "route replace unreachable 10.244.0.0/16 proto 107 metric 4096",
        "route replace 10.244.1.0/24 via 192.0.2.12 proto 107",
      ],
      bridge: [],
    });
    deepEqual(changes(first, first), { ip: [], bridge: [] });
    const mac = tunnelMac("198.51.100.13");
    const second = wiring([near, far], ["10.244.0.0/16"]);
    deepEqual(changes(first, second), {
      ip: [
        `neighbour replace 10.244.2.0 lladdr ${mac} dev k8ts.vxlan nud permanent`,
        "route replace 10.244.2.0/24 via 10.244.2.0 dev k8ts.vxlan onlink proto 107",
      ],
      bridge: [`fdb replace ${mac} dev k8ts.vxlan dst 198.51.100.13`],
    });
    equal(changes(second, empty).ip.length, 4);
    equal(changes(second, empty).bridge.length, 1);
  });

  test("what an earlier run left and nobody wants goes", () => {
    const wanted = wiring([near], ["10.244.0.0/16"]);
    const found = [
      { dst: "10.244.1.0/24" },
      { dst: "10.244.9.0/24" },
      { dst: "10.244.0.0/16", type: "unreachable" },
    ];
    deepEqual(leftovers(found, wanted), ["route del 10.244.9.0/24 proto 107"]);
  });

  test("tunnel ends are told apart by their nodes", () => {
    notEqual(tunnelMac("192.0.2.1"), tunnelMac("192.0.2.2"));
    equal(Number.parseInt(tunnelMac("192.0.2.1").slice(0, 2), 16) & 3, 2);
  });
});

test("the runtime's configuration has one range per family, and both ways out", () => {
  const config = cniConfig({
    podCIDRs: ["10.244.1.0/24", "fd00:244:1::/64"],
    addressesDir: "/x",
    mtu: 1450,
  }) as {
    plugins: { mtu: number; ipam: { ranges: unknown; routes: unknown } }[];
  };
  deepEqual(config.plugins[0]!.ipam.ranges, [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:244:1::/64" }]]);
  deepEqual(config.plugins[0]!.ipam.routes, [{ dst: "0.0.0.0/0" }, { dst: "::/0" }]);
  equal(config.plugins[0]!.mtu, 1450);
});

test("only families with pods are masqueraded", () => {
  const tables = masqueradeTables({
    table: "t",
    podRanges: ["10.244.0.0/16"],
    nodeIPs: ["192.0.2.1", "fd00::1"],
  });
  ok(tables.includes("elements = { 192.0.2.1 }"));
  ok(!tables.includes("ip6"));
});

describe("ranges for a new cluster", () => {
  test("the usual ones, where they are free", () => {
    const { pods, services, nodes } = chooseRanges(["0.0.0.0/0", "192.0.2.0/24"], 5);
    deepEqual([pods, services, nodes], ["10.244.0.0/16", "10.96.0.0/16", "172.28.5.0/24"]);
  });
  test("others beside another cluster", () => {
    const { pods, services, nodes } = chooseRanges(["10.244.0.0/16", "10.96.0.0/16", "172.28.5.0/24"], 5);
    deepEqual([pods, services, nodes], ["10.200.0.0/16", "10.97.0.0/16", "172.28.6.0/24"]);
  });
  test("ours are longer than a route for everything private", () => {
    equal(chooseRanges(["10.0.0.0/8"], 5).pods, "10.244.0.0/16");
  });
  test("an address is enough to make a range taken", () => {
    equal(chooseRanges(["172.28.5.7/32"], 5).nodes, "172.28.6.0/24");
  });
});

describe("names and addresses of a fabric", () => {
  const options = {
    cluster: "dev",
    nodes: ["a", "b"],
    nodeRange: "172.28.5.0/24",
    podRange: "",
    serviceRange: "",
    uplink: true,
  };
  test("are the same each time and differ between clusters", () => {
    const fabric = planFabric(options);
    deepEqual(planFabric(options), fabric);
    equal(fabric.hostAddress, "172.28.5.1");
    deepEqual(
      fabric.nodes.map(({ address }) => address),
      ["172.28.5.2", "172.28.5.3"],
    );
    notEqual(bridgeOf("dev"), bridgeOf("dev2"));
    for (const { device } of planFabric({
      ...options,
      nodes: Array.from({ length: 200 }, (_, index) => `n${index}`),
    }).nodes) {
      ok(device.length <= 15, device);
    }
  });
  test("a range that is none is said", () => {
    throws(() => planFabric({ ...options, nodeRange: "172.28.5.0" }), /is not a range of addresses/);
  });

  test("the machine has routes to further ranges, where it has none of its own", () => {
    const fabric = { ...options, podRange: "10.200.0.0/16", serviceRange: "10.97.0.0/16" };
    const { bridge } = planFabric(fabric);
    const routes = [{ dst: "default" }, { dst: "192.0.2.0/24" }, { dst: "10.9.9.9" }];
    const added = furtherRoutes(
      fabric,
      [fabric.serviceRange, "198.51.100.0/28", "192.0.2.16/28", "10.9.0.0/16", "fd00::/112"],
      routes,
    );
    const metric = Number(/metric (\d+)$/.exec(added[1]!)![1]);
    deepEqual(added, [
      `route replace 198.51.100.0/28 via 172.28.5.2 dev ${bridge} metric ${metric - 1}`,
      `route replace unreachable 198.51.100.0/28 metric ${metric}`,
    ]);
    const ours = [fabric.podRange, fabric.serviceRange, "198.51.100.0/28"].flatMap((dst) => [
      { dst, metric: metric - 1 },
      { dst, metric, type: "unreachable" },
    ]);
    deepEqual(furtherRoutes(fabric, ["198.51.100.0/28"], [...routes, ...ours]), []);
    deepEqual(furtherRoutes(fabric, [], [...routes, ...ours]), [
      `route del 198.51.100.0/28 metric ${metric - 1}`,
      `route del unreachable 198.51.100.0/28 metric ${metric}`,
    ]);
  });
});

describe("host ports of a pod", () => {
  const pod = (spec: object, status: object): Pod => ({ metadata: { name: "p" }, spec, status }) as never;
  const container = (port: object) => ({ name: "c", ports: [port] });
  const running = { phase: "Running", podIPs: [{ ip: "10.244.0.2" }, { ip: "fd00:244::2" }] };
  const port = { hostPort: 80, containerPort: 8080, protocol: "TCP" };
  const of = (spec: object, status: object = running) =>
    hostPortsOf(pod(spec, status)).map(
      (at) => `${at.protocol} ${at.hostIP ?? "*"} ${at.port} > ${at.podIP} ${at.containerPort}`,
    );

  test("in each family, at all addresses or the one that is named", () => {
    deepEqual(of({ containers: [container(port)] }), [
      "tcp * 80 > 10.244.0.2 8080",
      "tcp * 80 > fd00:244::2 8080",
    ]);
    deepEqual(of({ containers: [container({ ...port, hostIP: "127.0.0.1" })] }), [
      "tcp 127.0.0.1 80 > 10.244.0.2 8080",
    ]);
    deepEqual(of({ containers: [container({ ...port, hostIP: "0.0.0.0" })] }), [
      "tcp * 80 > 10.244.0.2 8080",
    ]);
  });
  test("of sidecars as well, and of no pod that has none, has ended, or uses the node's network", () => {
    const sidecar = { ...container(port), restartPolicy: "Always" };
    equal(of({ initContainers: [sidecar, container({ ...port, hostPort: 81 })], containers: [] }).length, 2);
    deepEqual(of({ containers: [container({ containerPort: 80 })] }), []);
    deepEqual(of({ containers: [container(port)] }, { ...running, phase: "Failed" }), []);
    deepEqual(of({ hostNetwork: true, containers: [container(port)] }), []);
    deepEqual(of({ containers: [container(port)] }, { phase: "Pending" }), []);
  });
});
