/** Several API servers on one store, in turn and side by side. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Service } from "#api/core-v1/service";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Store } from "#store/store";
import { Client } from "#client/client";
import { resourceQuota } from "./admission/resource-quota.ts";
import { LOOPBACK_USER, startApiServer } from "./server.ts";
import { type Harness, type HarnessOptions, type Json, startHarness } from "./harness.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const SERVICES = "/api/v1/namespaces/default/services";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const WIDGET_PATH = "/apis/example.com/v1/namespaces/default/widgets";
const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
const WIDGETS = {
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [{ name: "v1", served: true, storage: true, schema }],
  },
};
const widget = (name: string) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name },
  size: 3,
});

async function startTwo(t: TestContext, options: HarnessOptions = {}) {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  const servers = [
    await startHarness(t, { ...options, store, clock }),
    await startHarness(t, { ...options, store, clock }),
  ] as const;
  t.after(() => store.close());
  return servers;
}

const map = (name: string, value: string) => ({ metadata: { name }, data: { value } });

test("what one server has acknowledged, the other shows", async (t) => {
  const [one, other] = await startTwo(t);
  for (let at = 0; at < 20; at++) {
    const [writer, reader] = at % 2 === 0 ? [one, other] : [other, one];
    const name = `map-${at}`;
    assert.equal((await writer.ask("POST", MAPS, map(name, "first"))).status, 201);
    assert.equal((await reader.ask("GET", `${MAPS}/${name}`)).json.data.value, "first");
    await reader.ask("PATCH", `${MAPS}/${name}`, { data: { value: "second" } });
    const { items } = (await writer.ask("GET", MAPS)).json;
    assert.equal(items.find((item: Json) => item.metadata.name === name).data.value, "second");
  }
});

test("of two writes from one state, one is refused wherever they are made", async (t) => {
  const [one, other] = await startTwo(t);
  const made = (await one.ask("POST", MAPS, map("contested", "first"))).json;
  const answers = await Promise.all(
    [one, other].map(({ ask }) => ask("PUT", `${MAPS}/contested`, { ...made, data: { value: "second" } })),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409]);
});

test("no address and no node port is given to two services", async (t) => {
  const services = { addresses: ["10.0.0.0/26"], nodePorts: { first: 30_000, last: 30_019 } };
  const servers = await startTwo(t, { services });
  const body = (name: string) => ({ metadata: { name }, spec: { type: "NodePort", ports: [{ port: 80 }] } });
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_each, at) => servers[at % 2]!.ask("POST", SERVICES, body(`service-${at}`))),
  );
  const made = answers.filter(({ status }) => status === 201).map(({ json }) => json as Service);
  assert.equal(made.length, 20, "as many as there are ports");
  assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, made.length);
  assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, made.length);
  const refused = answers.find(({ status }) => status !== 201);
  assert.match(refused?.json.message, /range is full/);
});

test("two servers together give no more than a quota has", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const start = async () => {
    const server = await startApiServer({
      store,
      clock,
      random: seededRandom(1),
      rooms: ({ cache, loopback }) => ({
        authenticator: { authenticate: () => Promise.resolve(LOOPBACK_USER) },
        authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
        admission: [resourceQuota(cache, () => loopback)],
      }),
    });
    t.after(() => server.close());
    return new Client(server.transport(LOOPBACK_USER));
  };
  const clients = [await start(), await start()];
  const quota = { metadata: { namespace: "default", name: "few" }, spec: { hard: { configmaps: "10" } } };
  const made = await clients[0]!.create(ResourceQuota, quota);
  await clients[0]!.updateStatus(ResourceQuota, {
    ...made,
    status: { hard: { configmaps: "10" }, used: { configmaps: "0" } },
  });
  // Both know of it.
  for (const client of clients) await client.list(ResourceQuota, { namespace: "default" });
  const creates = Array.from({ length: 24 }, (_each, at) =>
    clients[at % 2]!.create(ConfigMap, { metadata: { namespace: "default", name: `map-${at}` } }),
  );
  const settled = await Promise.allSettled(creates);
  assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 10);
  for (const one of settled)
    if (one.status === "rejected") assert.match(String(one.reason), /exceeded quota/);
});

test("a service that asks for an address that another one has is refused", async (t) => {
  const [one, other] = await startTwo(t);
  const body = (name: string) => ({
    metadata: { name },
    spec: { clusterIP: "10.96.7.7", ports: [{ port: 80 }] },
  });
  const answers = await Promise.all([
    one.ask("POST", SERVICES, body("first")),
    other.ask("POST", SERVICES, body("second")),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 422]);
});

test("an address that somebody has put down is given to no service", async (t) => {
  const services = { addresses: ["10.0.0.0/30"] };
  const [one, other] = await startTwo(t, { services });
  const address = {
    metadata: { name: "10.0.0.1", labels: { "ipaddress.kubernetes.io/managed-by": "me" } },
    spec: { parentRef: { group: "example.com", resource: "things", name: "mine" } },
  };
  const made = await one.ask("POST", "/apis/networking.k8s.io/v1/ipaddresses", address);
  assert.equal(made.status, 201, made.text);
  const body = (name: string, clusterIP?: string) => ({
    metadata: { name },
    spec: { clusterIP, ports: [{ port: 80 }] },
  });
  const refused = await other.ask("POST", SERVICES, body("asks", "10.0.0.1"));
  assert.equal(refused.status, 422);
  assert.match(refused.json.message, /provided IP is already allocated/);
  const given = await other.ask("POST", SERVICES, body("first"));
  assert.equal(given.json.spec.clusterIP, "10.0.0.2");
  assert.match((await one.ask("POST", SERVICES, body("second"))).json.message, /range is full/);
});

test("a kind that was defined at one server is served by the other", async (t) => {
  const [one, other] = await startTwo(t);
  assert.equal((await one.ask("POST", DEFINITIONS, WIDGETS)).status, 201);
  await untilServed(other, WIDGET_PATH);
  assert.equal((await other.ask("POST", WIDGET_PATH, widget("w"))).status, 201);
  assert.equal((await one.ask("GET", `${WIDGET_PATH}/w`)).json.size, 3);
});

async function untilServed({ ask }: Harness, path: string): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if ((await ask("GET", path)).status === 200) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`${path} is not served`);
}

test("a read waits for what only others can have written, no longer than the store tells", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const own: Partial<Store> = { isShared: true };
  const get = (_: Store, name: keyof Store) => {
    const found: unknown = own[name] ?? store[name];
    return typeof found === "function" ? (found.bind(store) as unknown) : found;
  };
  const { ask } = await startHarness(t, { store: new Proxy(store, { get }) as Store, clock });
  // Keys that the server does not follow take revisions, too.
  await store.commit([], [{ type: "put", key: "/elsewhere", value: new Uint8Array(1) }]);
  const listed = ask("GET", MAPS);
  await clock.advance(200);
  const { status, json } = await listed;
  assert.equal(status, 200);
  assert.equal(Number(json.metadata.resourceVersion), store.revision);
});

test("a watch goes on at the server that follows, from where it was", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const ends: (() => Promise<void>)[] = [];
  const first = await startHarness({ after: (end) => ends.push(end) }, { store, clock });
  const seen = (await first.ask("POST", MAPS, map("a", "1"))).json;
  await first.ask("POST", MAPS, map("b", "1"));
  await first.ask("DELETE", `${MAPS}/a`);
  for (const end of ends) await end();

  const second = await startHarness(t, { store, clock });
  await second.ask("POST", MAPS, map("c", "1"));
  const since = seen.metadata.resourceVersion;
  const watched = second.ask("GET", `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${since}`);
  await clock.advance(1000);
  const { text } = await watched;
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ["ADDED b", "DELETED a", "ADDED c"],
  );
});

test("a watch of a custom kind goes on at the server that follows, too", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const ends: (() => Promise<void>)[] = [];
  const first = await startHarness({ after: (end) => ends.push(end) }, { store, clock });
  await first.ask("POST", DEFINITIONS, WIDGETS);
  await untilServed(first, WIDGET_PATH);
  const seen = (await first.ask("POST", WIDGET_PATH, widget("a"))).json;
  await first.ask("POST", WIDGET_PATH, widget("b"));
  await first.ask("DELETE", `${WIDGET_PATH}/a`);
  for (const end of ends) await end();

  const second = await startHarness(t, { store, clock });
  await second.ask("POST", WIDGET_PATH, widget("c"));
  const since = seen.metadata.resourceVersion;
  const watched = second.ask("GET", `${WIDGET_PATH}?watch=1&timeoutSeconds=1&resourceVersion=${since}`);
  await clock.advance(1000);
  const events = (await watched).text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Json);
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ["ADDED b", "DELETED a", "ADDED c"],
  );
});

test("a watch from a revision that the store never came to is told to start over", async (t) => {
  const { ask } = await startHarness(t);
  const { items, metadata } = (await ask("GET", MAPS)).json;
  assert.deepEqual(items, []);
  const later = Number(metadata.resourceVersion) + 1000;
  const { text } = await ask("GET", `${MAPS}?watch=1&resourceVersion=${later}`);
  assert.match(text, /"reason":"Expired"/);
});
