import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Service } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { chooseBackends } from "./backends.ts";
import { parseFlows, staleFlows } from "./flows.ts";
import { healthCheckOf } from "./health-checks.ts";
import type { Surroundings } from "./model.ts";
import { elementsOf } from "./nft/elements.ts";
import { servicePorts } from "./service-ports.ts";

const HERE: Surroundings = {
  nodeName: "n1",
  zone: "z1",
  nodePortAddresses: ["192.0.2.1", "2001:db8::1"],
  boundAddresses: ["10.96.0.10"],
};

interface End {
  readonly ip: string;
  readonly node?: string;
  readonly conditions?: object;
  readonly zones?: readonly string[];
  readonly nodes?: readonly string[];
}

const hints = (names: readonly string[] | undefined) => names?.map((name) => ({ name }));

const slice = (
  ends: readonly End[],
  { addressType = "IPv4", port = 8080 as number | null, name = "" } = {},
): EndpointSlice =>
  ({
    metadata: { namespace: "ns", name: "web" },
    addressType,
    ports: [{ name, protocol: "TCP", port }],
    endpoints: ends.map(({ ip, node, conditions = {}, zones, nodes }) => ({
      addresses: [ip],
      conditions,
      nodeName: node,
      hints: { forZones: hints(zones), forNodes: hints(nodes) },
    })),
  }) as never;

describe("which endpoints take traffic", () => {
  const draining = { ready: false, serving: true, terminating: true };
  const cases: [string, readonly End[], { cluster: readonly string[]; local?: readonly string[] }][] = [
    ["none", [], { cluster: [] }],
    [
      "ready ones, in order",
      [{ ip: "10.0.0.2" }, { ip: "10.0.0.1", conditions: { ready: true } }],
      { cluster: ["1", "2"] },
    ],
    [
      "not those that are not",
      [{ ip: "10.0.0.1", conditions: { ready: false } }, { ip: "10.0.0.2" }],
      { cluster: ["2"] },
    ],
    [
      "no draining ones beside ready ones",
      [{ ip: "10.0.0.1", conditions: draining }, { ip: "10.0.0.2" }],
      { cluster: ["2"] },
    ],
    [
      "draining ones alone",
      [
        { ip: "10.0.0.1", conditions: draining },
        { ip: "10.0.0.2", conditions: { ready: false } },
      ],
      { cluster: ["1"] },
    ],
    [
      "draining ones here, while others are ready elsewhere",
      [
        { ip: "10.0.0.1", node: "n1", conditions: draining },
        { ip: "10.0.0.2", node: "n2" },
      ],
      { cluster: ["2"], local: ["1"] },
    ],
    [
      "the same address twice, once ready",
      [{ ip: "10.0.0.1", conditions: { ready: false } }, { ip: "10.0.0.1" }],
      { cluster: ["1"] },
    ],
    [
      "those for our zone",
      [
        { ip: "10.0.0.1", zones: ["z1"] },
        { ip: "10.0.0.2", zones: ["z2"] },
      ],
      { cluster: ["1"] },
    ],
    [
      "all, where one has no hint",
      [{ ip: "10.0.0.1", zones: ["z1"] }, { ip: "10.0.0.2" }],
      { cluster: ["1", "2"] },
    ],
    [
      "all, where none is for our zone",
      [
        { ip: "10.0.0.1", zones: ["z3"] },
        { ip: "10.0.0.2", zones: ["z2"] },
      ],
      { cluster: ["1", "2"] },
    ],
    [
      "those for our node before those for our zone",
      [
        { ip: "10.0.0.1", zones: ["z1"], nodes: ["n2"] },
        { ip: "10.0.0.2", zones: ["z2"], nodes: ["n1"] },
      ],
      { cluster: ["2"] },
    ],
    [
      "those for our zone where none is for our node",
      [
        { ip: "10.0.0.1", zones: ["z1"], nodes: ["n2"] },
        { ip: "10.0.0.2", zones: ["z2"], nodes: ["n3"] },
      ],
      { cluster: ["1"] },
    ],
  ];
  for (const [name, ends, { cluster, local = [] }] of cases) {
    test(name, () => {
      const chosen = chooseBackends([slice(ends)], "ipv4", "", "tcp", HERE);
      const last = (backends: typeof chosen.cluster) => backends.map(({ address }) => address.split(".")[3]);
      deepEqual(last(chosen.cluster), cluster);
      deepEqual(last(chosen.local), local);
    });
  }

  test("family, port name and missing ports", () => {
    const six = slice([{ ip: "fd00::1" }], { addressType: "IPv6" });
    equal(chooseBackends([six], "ipv4", "", "tcp", HERE).any, false);
    equal(chooseBackends([six], "ipv6", "", "tcp", HERE).any, true);
    equal(chooseBackends([six], "ipv6", "http", "tcp", HERE).any, false);
    equal(chooseBackends([six], "ipv6", "", "udp", HERE).any, false);
    equal(chooseBackends([slice([{ ip: "10.0.0.1" }], { port: null })], "ipv4", "", "tcp", HERE).any, false);
  });
});

const service = (spec: object, status = {}, labels = {}): Service =>
  ({
    metadata: { namespace: "ns", name: "web", labels },
    spec: {
      type: "ClusterIP",
      sessionAffinity: "None",
      clusterIP: "10.96.0.1",
      ports: [{ port: 80, protocol: "TCP" }],
      ...spec,
    },
    status: { loadBalancer: {}, ...status },
  }) as never;

describe("virtual addresses", () => {
  const addresses = (made: Service): readonly string[] =>
    servicePorts(made, [], HERE).flatMap((port) =>
      port.addresses.map(
        (at) =>
          `${at.reach} ${at.address} ${at.port}${at.allowedSources ? ` from ${at.allowedSources.join("+")}` : ""}`,
      ),
    );
  const node = { ports: [{ port: 80, protocol: "TCP", nodePort: 30080 }] };
  const ingress = {
    loadBalancer: {
      ingress: [{ ip: "203.0.113.1" }, { ip: "203.0.113.2", ipMode: "Proxy" }, { hostname: "x" }],
    },
  };
  const cases: [string, Service, readonly string[]][] = [
    ["the cluster address", service({}), ["cluster 10.96.0.1 80"]],
    [
      "both families",
      service({ clusterIPs: ["10.96.0.1", "fd00::1"] }),
      ["cluster 10.96.0.1 80", "cluster fd00::1 80"],
    ],
    ["a headless Service has none", service({ clusterIP: "None" }), []],
    ["an alias has none", service({ type: "ExternalName" }), []],
    ["somebody else's Service", service({}, {}, { "service.kubernetes.io/service-proxy-name": "other" }), []],
    ["an address that a server here has bound", service({ clusterIP: "10.96.0.10" }), []],
    [
      "node ports",
      service({ type: "NodePort", ...node }),
      ["cluster 10.96.0.1 80", "external 192.0.2.1 30080"],
    ],
    [
      "external addresses",
      service({ externalIPs: ["198.51.100.7", "::1"] }),
      ["cluster 10.96.0.1 80", "external 198.51.100.7 80"],
    ],
    [
      "balancers that pass packets on",
      service(
        { type: "LoadBalancer", ...node, loadBalancerSourceRanges: ["192.0.2.0/24 ", "fd00::/8"] },
        ingress,
      ),
      ["cluster 10.96.0.1 80", "external 203.0.113.1 80 from 192.0.2.0/24", "external 192.0.2.1 30080"],
    ],
  ];
  for (const [name, made, expected] of cases) test(name, () => deepEqual(addresses(made), expected));
});

test("ranges of senders: canonical, of the family, none within another", () => {
  const ingress = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
  const allowed = (...loadBalancerSourceRanges: string[]) =>
    servicePorts(service({ type: "LoadBalancer", loadBalancerSourceRanges }, ingress), [], HERE)[0]!
      .addresses[1]!.allowedSources;
  deepEqual(allowed("10.1.0.0/16", "10.2.3.4/8", " 192.0.2.0/24", "10.0.0.0/8"), [
    "10.0.0.0/8",
    "192.0.2.0/24",
  ]);
  deepEqual(allowed("fd00::/8"), []);
  equal(allowed(), undefined);
});

test("policies and affinity", () => {
  const ends = [
    slice([
      { ip: "10.0.0.1", node: "n1" },
      { ip: "10.0.0.2", node: "n2" },
    ]),
  ];
  const only = (made: Service) => servicePorts(made, ends, HERE)[0]!;
  equal(only(service({})).internal.length, 2);
  equal(only(service({ internalTrafficPolicy: "Local" })).internal.length, 1);
  equal(only(service({})).preserved, undefined);
  equal(only(service({ externalTrafficPolicy: "Local" })).preserved!.length, 1);
  equal(only(service({ externalTrafficPolicy: "Local" })).external.length, 2);
  equal(only(service({ sessionAffinity: "ClientIP" })).affinitySeconds, 10_800);
  const config = { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } };
  equal(only(service(config)).affinitySeconds, 5);
});

test("health checks count the endpoints here", () => {
  const made = service({ type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: 31000 });
  const ends = [
    slice([
      { ip: "10.0.0.1", node: "n1" },
      { ip: "10.0.0.2", node: "n2" },
    ]),
  ];
  deepEqual(healthCheckOf(made, servicePorts(made, ends, HERE)), {
    namespace: "ns",
    name: "web",
    port: 31000,
    localEndpoints: 1,
  });
  equal(healthCheckOf(service({ type: "LoadBalancer" }), []), undefined);
});

describe("flows that have to be forgotten", () => {
  const udp = (...ips: string[]) => {
    const ends = [
      {
        ...slice(ips.map((ip) => ({ ip }))),
        ports: [{ name: "", protocol: "UDP", port: 5353 }],
      } as EndpointSlice,
    ];
    const made = service({ ports: [{ port: 53, protocol: "UDP" }] });
    return elementsOf("ipv4", servicePorts(made, ends, HERE), new Map());
  };
  const gone = (before: ReturnType<typeof udp>, after: ReturnType<typeof udp>) =>
    staleFlows(before, after).map(({ address, port, backend }) => `${address}:${port} ${backend ?? "none"}`);
  const none = elementsOf("ipv4", [], new Map());

  test("those to an endpoint that went, and those from before the first came", () => {
    deepEqual(gone(udp("10.0.0.1", "10.0.0.2"), udp("10.0.0.2")), ["10.96.0.1:53 10.0.0.1 . 5353"]);
    deepEqual(gone(udp("10.0.0.1"), none), ["10.96.0.1:53 10.0.0.1 . 5353"]);
    deepEqual(gone(none, udp("10.0.0.1")), ["10.96.0.1:53 none"]);
    deepEqual(gone(udp("10.0.0.1"), udp("10.0.0.1", "10.0.0.2")), []);
  });

  test("the tool's list", () => {
    const listed =
      "udp      17 29 src=10.0.9.1 dst=10.96.0.1 sport=4000 dport=53 [UNREPLIED] src=10.0.0.1 dst=10.0.9.1 sport=5353 dport=4000 mark=0 use=1\n" +
      "udp      17 29 src=10.0.9.1 dst=192.0.2.1 sport=4001 dport=53 src=192.0.2.1 dst=10.0.9.1 sport=53 dport=4001 mark=0 use=1\n";
    deepEqual(
      parseFlows(listed).map(({ address, port, backend }) => [address, port, backend]),
      [
        ["10.96.0.1", "53", "10.0.0.1 . 5353"],
        ["192.0.2.1", "53", undefined],
      ],
    );
  });
});
