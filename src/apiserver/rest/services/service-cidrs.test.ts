/** Addresses from several ranges, and what is set right where the store does not agree with services. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseCidr } from "#base/ip";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { type Harness, type HarnessOptions, type Json, startHarness } from "../../harness.ts";
import { planDefaultRange } from "./default-range.ts";
import { nodePortKey } from "./node-ports.ts";
import { freeAddress, usableOf } from "./ranges.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const CIDRS = "/apis/networking.k8s.io/v1/servicecidrs";
const ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses";
const EVENTS = "/api/v1/namespaces/default/events";

const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});
const range = (name: string, ...cidrs: string[]) => ({ metadata: { name }, spec: { cidrs } });

const small = (t: TestContext, options: HarnessOptions = {}) =>
  startHarness(t, { services: { addresses: ["10.0.0.0/30"] }, ...options });

async function made({ ask }: Harness, path: string, body: object): Promise<Json> {
  const answer = await ask("POST", path, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const setReady = ({ ask }: Harness, name: string, status: string) =>
  ask("PATCH", `${CIDRS}/${name}/status`, {
    status: {
      conditions: [
        {
          type: "Ready",
          status,
          reason: "Test",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    },
  });

test("when a range is full, the next one gives", async (t) => {
  const house = await small(t);
  const { ask, clock } = house;
  for (const name of ["a", "b"]) await made(house, SERVICES, service(name));
  assert.match((await ask("POST", SERVICES, service("c"))).json.message, /range is full/);
  await clock.advance(1_000);
  await made(house, CIDRS, range("more", "192.0.2.0/30"));
  const { clusterIP } = (await made(house, SERVICES, service("c"))).spec;
  assert.match(clusterIP, /^192\.0\.2\.[12]$/);
  const { metadata, spec } = (await ask("GET", `${ADDRESSES}/${clusterIP}`)).json;
  assert.deepEqual(metadata.labels, {
    "ipaddress.kubernetes.io/ip-family": "IPv4",
    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
  });
  assert.deepEqual(spec.parentRef, { resource: "services", namespace: "default", name: "c" });
  await ask("DELETE", `${SERVICES}/a`);
  assert.match((await made(house, SERVICES, service("d"))).spec.clusterIP, /^10\.0\.0\./);
});

test("nothing comes from a range that is not ready or is on its way out", async (t) => {
  const house = await small(t);
  const { ask } = house;
  await made(house, CIDRS, {
    ...range("more", "192.0.2.0/29"),
    metadata: { name: "more", finalizers: ["a/b"] },
  });
  await made(house, SERVICES, service("a", { clusterIP: "192.0.2.1" }));
  const refused = async (name: string) => {
    const { status, json } = await ask("POST", SERVICES, service(name, { clusterIP: "192.0.2.2" }));
    assert.equal(status, 422);
    assert.match(json.message, /failed to allocate IP 192\.0\.2\.2: the provided network does not match/);
  };
  await setReady(house, "more", "False");
  await refused("b");
  await setReady(house, "more", "True");
  await made(house, SERVICES, service("b", { clusterIP: "192.0.2.2" }));
  await ask("DELETE", `${SERVICES}/b`);
  await ask("DELETE", `${CIDRS}/more`);
  await refused("b");
  const kept = await ask("PATCH", `${SERVICES}/a`, { spec: { ports: [{ port: 81 }] } });
  assert.equal(kept.status, 200, "who has an address of it keeps it");
});

test("an address is not given of a range that another server deletes at this moment", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const house = await small(t, { store, clock });
  const other = await small(t, { store, clock });
  await made(house, CIDRS, {
    ...range("more", "192.0.2.0/29"),
    metadata: { name: "more", finalizers: ["a/b"] },
  });
  const [taken, gone] = await Promise.all([
    house.ask("POST", SERVICES, service("a", { clusterIP: "192.0.2.1" })),
    other.ask("DELETE", `${CIDRS}/more`),
  ]);
  assert.equal(gone.status, 200);
  const { deletionTimestamp, resourceVersion } = (await house.ask("GET", `${CIDRS}/more`)).json.metadata;
  assert.ok(deletionTimestamp);
  // Either it was first, or it has nothing.
  if (taken.status === 201) assert.ok(Number(taken.json.metadata.resourceVersion) < Number(resourceVersion));
  else assert.equal(taken.status, 422);
});

test("an address that is somebody else's by now stays when the service goes", async (t) => {
  const house = await small(t);
  const { ask } = house;
  const { clusterIP } = (await made(house, SERVICES, service("a"))).spec;
  await ask("DELETE", `${ADDRESSES}/${clusterIP}`);
  const parentRef = { group: "example.com", resource: "things", name: "mine" };
  await made(house, ADDRESSES, { metadata: { name: clusterIP }, spec: { parentRef } });
  assert.equal((await ask("DELETE", `${SERVICES}/a`)).status, 200);
  assert.equal((await ask("GET", `${ADDRESSES}/${clusterIP}`)).status, 200);
});

test("a service gets, keeps and gives back a second family", async (t) => {
  const house = await startHarness(t, { services: { addresses: ["10.0.0.0/24", "fd00::/112"] } });
  const { ask } = house;
  const first = (await made(house, SERVICES, service("web"))).spec;
  assert.deepEqual(first.ipFamilies, ["IPv4"]);
  const patch = async (spec: object) => (await ask("PATCH", `${SERVICES}/web`, { spec })).json.spec;
  const both = await patch({ ipFamilyPolicy: "RequireDualStack" });
  assert.deepEqual(both.ipFamilies, ["IPv4", "IPv6"]);
  assert.equal(both.clusterIPs[0], first.clusterIP);
  const second = both.clusterIPs[1];
  const held = (await ask("GET", `${ADDRESSES}/${second}`)).json;
  assert.equal(held.metadata.labels["ipaddress.kubernetes.io/ip-family"], "IPv6");
  const one = await patch({ ipFamilyPolicy: "SingleStack" });
  assert.deepEqual([one.ipFamilies, one.clusterIPs], [["IPv4"], [first.clusterIP]]);
  assert.equal((await ask("GET", `${ADDRESSES}/${second}`)).status, 404);
  const outside = await patch({ type: "ExternalName", externalName: "example.com" });
  assert.equal(outside.clusterIPs, undefined);
  assert.equal((await ask("GET", `${ADDRESSES}/${first.clusterIP}`)).status, 404);
  const back = await patch({ type: "ClusterIP", externalName: null, ipFamilyPolicy: "PreferDualStack" });
  assert.equal(back.clusterIPs.length, 2);
});

test("the upper part of a range is given first", () => {
  const taken = new Set<string>();
  const random = seededRandom(3);
  const usable = usableOf(parseCidr("10.0.0.0/24")!);
  assert.deepEqual([usable.count, usable.low], [254, 16]);
  const order = Array.from({ length: 254 }, () => {
    const address = freeAddress(usable, (one) => taken.has(one), random)!;
    taken.add(address);
    return Number(address.split(".")[3]);
  });
  assert.ok(order.slice(0, 238).every((last) => last > 16));
  assert.ok(order.slice(238).every((last) => last <= 16));
  assert.equal(
    freeAddress(usable, (one) => taken.has(one), random),
    undefined,
  );
});

test("how much of a range is of use", () => {
  const table: [string, number, number][] = [
    ["10.0.0.0/32", 0, 0],
    ["10.0.0.0/30", 2, 0],
    ["10.0.0.0/28", 14, 0],
    ["10.0.0.0/27", 30, 16],
    ["10.0.0.0/12", 1_048_574, 256],
    ["fd00::/124", 15, 0],
    ["fd00::/112", 65_535, 256],
    ["fd00::/64", Number.MAX_SAFE_INTEGER, 256],
    ["fd00::/48", 0, 256],
  ];
  for (const [text, count, low] of table) {
    const usable = usableOf(parseCidr(text)!);
    assert.deepEqual([usable.count, usable.low], [count, low], text);
  }
});

test("the default range is made again, and is ready", async (t) => {
  const { ask } = await small(t);
  const until = async (holds: (range: Json) => boolean) => {
    for (let turn = 0; turn < 1000; turn++) {
      const { json } = await ask("GET", `${CIDRS}/kubernetes`);
      if (holds(json)) return json;
    }
    return assert.fail("never");
  };
  const isReady = ({ status }: Json) => status?.conditions?.[0]?.status === "True";
  const first = await until(isReady);
  assert.equal(first.status.conditions[0].message, "Kubernetes default Service CIDR is ready");
  await ask("DELETE", `${CIDRS}/kubernetes`);
  const second = await until((found) => isReady(found) && found.metadata.uid !== first.metadata.uid);
  assert.deepEqual(second.spec.cidrs, ["10.0.0.0/30"]);
});

test("a second family joins the default range, another range does not, and users are told", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const start = (...addresses: string[]) => startHarness(t, { store, clock, services: { addresses } });
  await start("10.0.0.0/24");
  const { ask } = await start("10.0.0.0/24", "fd00::/112");
  assert.deepEqual((await ask("GET", `${CIDRS}/kubernetes`)).json.spec.cidrs, ["10.0.0.0/24", "fd00::/112"]);
  const third = await start("10.9.0.0/24");
  const { items } = (await third.ask("GET", EVENTS)).json;
  const text =
    "The default ServiceCIDR [10.0.0.0/24 fd00::/112] does not match the controller flag configurations [10.9.0.0/24]";
  const event = items.find(({ message }: Json) => message === text);
  assert.equal(event?.reason, "KubernetesDefaultServiceCIDRInconsistent");
  assert.equal(event.involvedObject.name, "kubernetes");
});

test("a default range that somebody calls not ready stays so, and users are told", () => {
  const condition = { type: "Ready", status: "False", reason: "Broken", message: "it is not" };
  const found = {
    metadata: {},
    spec: { cidrs: ["10.0.0.0/24"] },
    status: { conditions: [condition] },
  } as never;
  assert.deepEqual(planDefaultRange(found, ["10.0.0.0/24"]), {
    do: "warn",
    reason: "Broken",
    message: "Configuration matches, but it is not",
  });
});

test("one node port serves several protocols of a new service's port", async (t) => {
  const house = await small(t);
  const ports = ["TCP", "UDP"].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port: 53 }));
  const { spec } = await made(house, SERVICES, service("dns", { type: "NodePort", ports }));
  assert.equal(spec.ports[0].nodePort, spec.ports[1].nodePort);
});

test("a port for health checks that somebody has is refused", async (t) => {
  const house = await small(t);
  const balanced = {
    type: "LoadBalancer",
    externalTrafficPolicy: "Local",
    allocateLoadBalancerNodePorts: false,
    healthCheckNodePort: 30_123,
  };
  await made(house, SERVICES, service("a", balanced));
  const { status, json } = await house.ask("POST", SERVICES, service("b", balanced));
  assert.equal(status, 500);
  assert.match(
    json.message,
    /failed to allocate requested HealthCheck NodePort 30123: provided port is already allocated/,
  );
});

test("node ports that no service has are free again, and those that services have are taken", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const house = await small(t, { store, clock });
  const port = (nodePort: number) => ({ type: "NodePort", ports: [{ port: 80, nodePort }] });
  await made(house, SERVICES, service("a", port(30_001)));
  const value = new Uint8Array(1);
  await store.commit(
    [],
    [
      { type: "delete", key: nodePortKey(30_001) },
      { type: "put", key: nodePortKey(30_002), value },
    ],
  );
  await clock.advance(180_000);
  const keyed = async (number: number) => (await store.get(nodePortKey(number))).entry !== undefined;
  for (let turn = 0; turn < 1000 && (await keyed(30_002)); turn++);
  assert.equal(await keyed(30_002), false);
  for (let turn = 0; turn < 1000 && !(await keyed(30_001)); turn++);
  assert.equal(await keyed(30_001), true);
  let events: Json[] = [];
  for (let turn = 0; turn < 1000 && events.length === 0; turn++)
    events = (await house.ask("GET", EVENTS)).json.items;
  assert.deepEqual(
    events.map(({ reason, message }) => [reason, message]),
    [["PortNotAllocated", "Port 30001 is not allocated; repairing"]],
  );
  await made(house, SERVICES, service("b", port(30_002)));
});
