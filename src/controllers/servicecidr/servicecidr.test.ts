/** Ranges of service addresses and the addresses themselves, against the API server itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event } from "#api/core-v1/event";
import { Service } from "#api/core-v1/service";
import { IPAddress, serviceAddressLabels } from "#api/networking-v1/ipaddress";
import { SERVICE_CIDR_FINALIZER, ServiceCIDR } from "#api/networking-v1/servicecidr";
import { type House, start } from "../harness.test.ts";
import { leakedAddresses, serviceAddresses } from "./addresses.ts";
import { orphanOf, rangesIn } from "./plan.ts";
import { serviceCidrs } from "./servicecidr.ts";

const makeRange = ({ client }: House, name: string, ...cidrs: string[]) =>
  client.create(ServiceCIDR, { metadata: { name }, spec: { cidrs } });
const makeService = ({ client }: House, name: string, clusterIP?: string) =>
  client.create(Service, {
    metadata: { name, namespace: "web" },
    spec: { ports: [{ port: 80 }], ...(clusterIP ? { clusterIP } : {}) },
  } as never);
const rangeIn = ({ informers }: House, name: string) => informers.of(ServiceCIDR).get(undefined, name);
const readyIn = (house: House, name: string) =>
  rangeIn(house, name)?.status.conditions?.find(({ type }) => type === "Ready");
const addressIn = ({ informers }: House, name: string) => informers.of(IPAddress).get(undefined, name);
const reasonsIn = ({ informers }: House) =>
  [...informers.of(Event).list()].map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`);

test("what would be of no range that stays", () => {
  const table: readonly (readonly [
    going: string[],
    staying: string[],
    addresses: string[],
    orphan: string | undefined,
  ])[] = [
    [["10.1.0.0/24"], [], [], undefined],
    [["10.1.0.0/24"], [], ["10.2.0.1"], undefined],
    [["10.1.0.0/24"], [], ["10.2.0.1", "10.1.0.7"], "10.1.0.7"],
    [["10.1.0.0/24"], ["10.1.0.0/16"], ["10.1.0.7"], undefined],
    [["10.1.0.0/24"], ["10.1.0.0/24"], ["10.1.0.7"], undefined],
    [["10.1.0.0/24"], ["10.1.0.0/25"], ["10.1.0.7"], undefined],
    [["10.1.0.0/24"], ["10.1.0.0/25"], ["10.1.0.7", "10.1.0.200"], "10.1.0.200"],
    [["10.1.0.0/24", "fd00:1::/112"], ["10.1.0.0/16"], ["10.1.0.7", "fd00:1::7"], "fd00:1::7"],
    [["fd00:1::/112"], ["10.0.0.0/8"], ["fd00:1::7"], "fd00:1::7"],
  ];
  for (const [going, staying, addresses, orphan] of table)
    assert.equal(orphanOf(rangesIn(going), rangesIn(staying), addresses), orphan, JSON.stringify(going));
});

test("a range becomes ready, is held, and goes when nobody has an address of it", async (context) => {
  const house = await start(context, serviceCidrs);
  const { client, clock, until } = house;
  await makeRange(house, "more", "192.0.2.0/28");
  await until("ready", () => readyIn(house, "more")?.status === "True");
  assert.equal(readyIn(house, "more")?.message, "Kubernetes Service CIDR is ready");
  assert.deepEqual(rangeIn(house, "more")?.metadata.finalizers, [SERVICE_CIDR_FINALIZER]);
  const service = await makeService(house, "a", "192.0.2.5");
  assert.equal(service.spec.clusterIP, "192.0.2.5");

  await client.delete(ServiceCIDR, { name: "more" });
  await until("waits", () => readyIn(house, "more")?.reason === "Terminating");
  assert.equal(readyIn(house, "more")?.status, "False");
  await clock.advance(60_000);
  await house.settled();
  assert.ok(rangeIn(house, "more"), "somebody has an address of it");
  await assert.rejects(makeService(house, "b", "192.0.2.6"), /does not match the current range/);

  await client.delete(Service, { namespace: "web", name: "a" });
  await until("gone", () => rangeIn(house, "more") === undefined);
});

test("a range without addresses goes after a while; another that covers its addresses lets it go", async (context) => {
  const house = await start(context, serviceCidrs);
  const { client, clock, until } = house;
  await makeRange(house, "small", "192.0.2.0/28");
  await until("ready", () => readyIn(house, "small")?.status === "True");
  await makeService(house, "a", "192.0.2.5");
  await client.delete(ServiceCIDR, { name: "small" });
  await until("waits", () => readyIn(house, "small")?.reason === "Terminating");
  await clock.advance(5_000);
  await makeRange(house, "large", "192.0.2.0/24");
  await until("ready", () => readyIn(house, "large")?.status === "True");
  await house.settled();
  assert.ok(rangeIn(house, "small"), "every server must have heard of it first");
  await clock.advance(5_000);
  await until("gone", () => rangeIn(house, "small") === undefined);
  assert.equal((await client.get(Service, { namespace: "web", name: "a" })).spec.clusterIP, "192.0.2.5");
});

test("conditions of others stay, and a condition that was taken away comes back", async (context) => {
  const house = await start(context, serviceCidrs);
  const { client, until } = house;
  await makeRange(house, "more", "192.0.2.0/28");
  await until("ready", () => readyIn(house, "more")?.status === "True");
  const tested = {
    type: "Tested",
    status: "True",
    reason: "ByTest",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await client.mergePatch(
    ServiceCIDR,
    { name: "more" },
    { status: { conditions: [tested] } },
    { subresource: "status" },
  );
  await until("both", () => {
    const types = rangeIn(house, "more")?.status.conditions?.map(({ type }) => type);
    return types?.join() === "Tested,Ready";
  });
});

test("an address of a service that somebody takes away comes back", async (context) => {
  const house = await start(context, serviceAddresses, leakedAddresses);
  const { client, until } = house;
  const service = await makeService(house, "a");
  const clusterIP = service.spec.clusterIP!;
  const first = await client.get(IPAddress, { name: clusterIP });
  await client.delete(IPAddress, { name: clusterIP });
  await until("back", () => {
    const { uid } = addressIn(house, clusterIP)?.metadata ?? {};
    return uid !== undefined && uid !== first.metadata.uid;
  });
  const { metadata, spec } = addressIn(house, clusterIP)!;
  assert.deepEqual(metadata.labels, first.metadata.labels);
  assert.deepEqual(spec, first.spec);
  await until("told", () => reasonsIn(house).includes("ClusterIPNotAllocated a"));
});

test("labels that were changed are put right", async (context) => {
  const house = await start(context, serviceAddresses, leakedAddresses);
  const { client, until } = house;
  const { spec } = await makeService(house, "a");
  const name = spec.clusterIP!;
  await client.mergePatch(
    IPAddress,
    { name },
    { metadata: { labels: { "ipaddress.kubernetes.io/managed-by": "me" } } },
  );
  await until("right", () => {
    const labels = addressIn(house, name)?.metadata.labels ?? {};
    return labels["ipaddress.kubernetes.io/managed-by"] === "ipallocator.k8s.io";
  });
});

test("an address that no service has is free again after a while, others' addresses stay", async (context) => {
  const house = await start(context, serviceAddresses, leakedAddresses);
  const { client, clock, until } = house;
  const parentRef = { resource: "services", namespace: "web", name: "nobody" };
  const put = (name: string, labels: Readonly<Record<string, string>>, ref: object = parentRef) =>
    client.create(IPAddress, { metadata: { name, labels }, spec: { parentRef: ref } } as never);
  await put("10.96.7.1", serviceAddressLabels("10.96.7.1"));
  await put("10.96.7.2", {});
  await put("10.96.7.3", serviceAddressLabels("10.96.7.3"), {
    group: "example.com",
    resource: "things",
    name: "a",
  });
  await until("no service's at all", () => !addressIn(house, "10.96.7.3"));
  await makeService(house, "a");
  await put("10.96.7.4", serviceAddressLabels("10.96.7.4"), { ...parentRef, name: "a" });
  await until("not this service's", () => !addressIn(house, "10.96.7.4"));
  await house.settled();
  assert.ok(addressIn(house, "10.96.7.1"), "its service may be on its way");
  await clock.advance(60_000);
  await until("free", () => !addressIn(house, "10.96.7.1"));
  assert.ok(addressIn(house, "10.96.7.2"));
  await until("told", () => reasonsIn(house).length === 3);
  assert.deepEqual(reasonsIn(house).toSorted(), [
    "IPAddressNotAllocated 10.96.7.1",
    "IPAddressNotAllocated 10.96.7.3",
    "IPAddressWrongReference 10.96.7.4",
  ]);
});

test("services come, change and go without a word", async (context) => {
  const house = await start(context, serviceCidrs, serviceAddresses, leakedAddresses);
  const { client, settled, clock } = house;
  await Promise.all(Array.from({ length: 20 }, (_, at) => makeService(house, `s${at}`)));
  await Promise.all(
    Array.from({ length: 10 }, (_, at) => client.delete(Service, { namespace: "web", name: `s${at}` })),
  );
  const body = { spec: { type: "ExternalName", externalName: "example.com" } };
  await client.mergePatch(Service, { namespace: "web", name: "s10" }, body);
  await client.mergePatch(Service, { namespace: "web", name: "s10" }, { spec: { type: "ClusterIP" } });
  await settled();
  await clock.advance(120_000);
  await settled();
  assert.deepEqual(reasonsIn(house), []);
  assert.equal(house.informers.of(IPAddress).size, 10);
});
