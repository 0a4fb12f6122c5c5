import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "#api/apps-v1/deployment";
import { resources } from "#api/registry";
import { VirtualClock } from "#base/virtual-clock";
import { encodeProtobuf } from "#machinery/derive/protobuf";
import { wrapEnvelope } from "#machinery/protobuf-envelope";
import type { AnyObject } from "#machinery/schema";
import { openMemoryStore } from "#store/memory/memory-store";
import { startHarness } from "../harness.ts";
import { itemOf } from "./unreadable-value.ts";
import { fromUpstream } from "./upstream-value.ts";

const PATH = "/apis/apps/v1/namespaces/default/deployments";
const KEY = "/registry/deployments/default/web";
const identity = { uid: "0c4a8f1e-1111-4222-8333-444455556666", creationTimestamp: "2026-01-02T03:04:05Z" };

const deployment = (replicas: number) => ({
  metadata: { name: "web", namespace: "default", ...identity },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "web:1", resources: { requests: { cpu: "250m" } } }] },
    },
  },
});

const stored = (replicas: number) =>
  wrapEnvelope(Deployment, encodeProtobuf(Deployment.schema, deployment(replicas)));

test("objects that upstream's server has stored are served, watched and changed", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  await store.commit([], [{ type: "put", key: KEY, value: stored(2) }]);
  const { ask } = await startHarness(t, { store, clock });
  const { json } = await ask("GET", `${PATH}/web`);
  assert.equal(json.spec.replicas, 2);
  assert.equal(json.spec.template.spec.containers[0].resources.requests.cpu, "250m");
  assert.equal(json.spec.strategy.type, "RollingUpdate", "what it was stored without has its default");
  assert.equal(json.metadata.uid, identity.uid);

  const { revision } = await store.commit([], [{ type: "put", key: KEY, value: stored(3) }]);
  const since = `watch=1&timeoutSeconds=1&resourceVersion=${json.metadata.resourceVersion}`;
  const watched = ask("GET", `${PATH}?${since}`);
  await clock.advance(1000);
  const event = JSON.parse((await watched).text.split("\n")[0]!) as { type: string; object: AnyObject };
  assert.equal(event.type, "MODIFIED");
  assert.equal(event.object.metadata.resourceVersion, String(revision));

  const patched = await ask("PATCH", `${PATH}/web`, { spec: { replicas: 4 } });
  assert.deepEqual([patched.status, patched.json.spec.replicas], [200, 4]);
  const { entry } = await store.get(KEY);
  assert.equal(entry?.value[0], "{".charCodeAt(0));
});

test("every kind that is stored is read in upstream's form", () => {
  for (const resource of resources.filter(({ verbs }) => verbs.includes("create") && verbs.includes("get"))) {
    const message = encodeProtobuf(resource.schema, { metadata: { name: "one", ...identity } });
    const bytes = fromUpstream(wrapEnvelope(resource, message));
    const object = JSON.parse(bytes.toString()) as AnyObject;
    assert.deepEqual([object.metadata.name, object.metadata.uid], ["one", identity.uid], resource.kind);
  }
});

test("an object of a custom kind, which upstream's server orders by the alphabet, is served whole", () => {
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "of-the-owner" };
  const object = {
    apiVersion: "example.com/v1",
    data: { metadata: { uid: "no uid" } },
    kind: "Thing",
    metadata: { managedFields: [{ manager: "m" }], name: "one", ownerReferences: [owner], ...identity },
  };
  const value = Buffer.from(JSON.stringify(object));
  const item = itemOf({ key: "k", value, createRevision: 1, modRevision: 7, lease: 0 });
  const served = JSON.parse(item.served().toString()) as AnyObject;
  const metadata = { ...object.metadata, resourceVersion: "7" };
  assert.deepEqual(served, { ...object, metadata });
  const { managedFields: _, ...lean } = metadata;
  assert.deepEqual(item.glance(), { ...object, metadata: lean });
  assert.match(item.served().toString("utf8", item.typeLength()), /"data":/, "as an item of a list, too");
});

test("what makes no sense costs its object, and nothing else", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const unknown = wrapEnvelope({ apiVersion: "example.com/v1", kind: "Nothing" }, new Uint8Array(0));
  await store.commit([], [{ type: "put", key: KEY, value: unknown }]);
  const { ask } = await startHarness(t, { store, clock });
  const { status, json } = await ask("GET", `${PATH}/web`);
  assert.equal(status, 500);
  assert.match(json.message, /there is no kind Nothing of example\.com\/v1/);
  assert.equal((await ask("GET", "/api/v1/pods")).status, 200);
});
