import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import type { Service } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { desiredGroups, type Endpoint, type Group, keyOfPorts } from "./desired.ts";
import { planSlices } from "./plan.ts";

const ports = [{ name: "", protocol: "TCP", port: 80 }] as const;
const labels = { app: "a" };

const endpoint = (uid: number, ready = true): Endpoint =>
  ({
    addresses: [`10.0.0.${uid}`],
    conditions: { ready },
    targetRef: { uid: `u${uid}` },
  }) as unknown as Endpoint;

const slice = (name: string, ...endpoints: Endpoint[]): EndpointSlice =>
  ({ metadata: { name, labels }, addressType: "IPv4", ports, endpoints }) as unknown as EndpointSlice;

const wanted = (...endpoints: Endpoint[]): ReadonlyMap<string, Group> =>
  new Map([
    [keyOfPorts(ports), { ports, endpoints: new Map(endpoints.map((one) => [one.targetRef!.uid!, one])) }],
  ]);

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => endpoint(from + index));
const plan = (existing: EndpointSlice[], groups: ReadonlyMap<string, Group>) =>
  planSlices("IPv4", existing, groups, { labels });

test("what is right is not written", () => {
  assert.deepEqual(plan([slice("a", endpoint(1))], wanted(endpoint(1))), {
    create: [],
    update: [],
    remove: [],
  });
});

test("a hundred to a slice", () => {
  const { create } = plan([], wanted(...range(0, 250)));
  assert.deepEqual(
    create.map(({ endpoints }) => endpoints.length),
    [100, 100, 50],
  );
});

test("new endpoints go into a slice that changes anyway, and no other is touched", () => {
  const existing = [slice("a", ...range(0, 50)), slice("b", ...range(50, 100))];
  const { create, update, remove } = plan(existing, wanted(...range(1, 101)));
  assert.deepEqual([create, remove, update.map(({ metadata }) => metadata.name)], [[], [], ["a"]]);
  assert.equal(update[0]?.endpoints.length, 50);
});

test("a slice that takes all new endpoints is opened for them; one that does not is left alone", () => {
  const fits = plan([slice("a", ...range(0, 90))], wanted(...range(0, 95)));
  assert.deepEqual([fits.create.length, fits.update.length], [0, 1]);
  const does_not = plan([slice("a", ...range(0, 90))], wanted(...range(0, 120)));
  assert.deepEqual([does_not.create.length, does_not.update.length], [1, 0]);
});

test("the last slice stays, empty; the others go", () => {
  const { create, update, remove } = plan([slice("a", endpoint(1)), slice("b", endpoint(2))], new Map());
  assert.deepEqual([create, remove.map(({ metadata }) => metadata.name)], [[], ["b"]]);
  assert.deepEqual([update[0]?.endpoints, update[0]?.ports], [[], []]);
  assert.equal(plan([], new Map()).create.length, 1);
});

const pod = (
  name: string,
  more: { ready?: boolean; leaving?: boolean; phase?: string; spec?: object } = {},
): Pod => {
  const { ready = true, leaving = false, phase = "Running", spec = {} } = more;
  return {
    metadata: { name, namespace: "ns", uid: name, ...(leaving ? { deletionTimestamp: "t" } : {}) },
    spec: {
      nodeName: "n",
      containers: [{ name: "c", ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }] }],
      ...spec,
    },
    status: {
      phase,
      podIP: "10.0.0.1",
      podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  } as unknown as Pod;
};

const service = (spec: object = {}): Service =>
  ({
    metadata: { name: "s" },
    spec: { ports: [{ port: 80, protocol: "TCP", targetPort: "http" }], ...spec },
  }) as unknown as Service;

const node = () => ({ metadata: { labels: { "topology.kubernetes.io/zone": "z" } } }) as never;

const only = (of: Service, ...pods: Pod[]) => {
  const groups = [...desiredGroups(of, pods, "IPv4", node).values()];
  return groups.flatMap((group) => [...group.endpoints.values()]);
};

for (const [what, subject, spec, conditions] of [
  ["ready", pod("p"), {}, { ready: true, serving: true, terminating: false }],
  ["not ready", pod("p", { ready: false }), {}, { ready: false, serving: false, terminating: false }],
  [
    "leaving, still serving",
    pod("p", { leaving: true }),
    {},
    { ready: false, serving: true, terminating: true },
  ],
  [
    "not ready, published",
    pod("p", { ready: false }),
    { publishNotReadyAddresses: true },
    { ready: true, serving: false, terminating: false },
  ],
] as const) {
  test(`conditions: ${what}`, () =>
    assert.deepEqual(only(service(spec), subject)[0]?.conditions, conditions));
}

test("finished pods are no endpoints; named ports are looked up; host names and hints where they belong", () => {
  assert.deepEqual(only(service(), pod("p", { phase: "Succeeded" })), []);
  const [group] = [...desiredGroups(service(), [pod("p")], "IPv6", node).values()];
  assert.deepEqual(
    [group?.ports[0]?.port, [...group!.endpoints.values()][0]?.addresses],
    [8080, ["fd00::1"]],
  );
  const [named] = only(
    service({ trafficDistribution: "PreferSameZone" }),
    pod("p", { spec: { hostname: "h", subdomain: "s" } }),
  );
  assert.deepEqual([named?.hostname, named?.zone, named?.hints], ["h", "z", { forZones: [{ name: "z" }] }]);
});
