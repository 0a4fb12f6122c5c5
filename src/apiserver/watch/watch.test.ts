import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import type { Watch, WatchEvent } from "#client/transport";
import { type Harness, startHarness } from "../harness.ts";
import { LOOPBACK_USER } from "../server.ts";

const PATH = "/api/v1/namespaces/default/configmaps";

/** A watch whose events are taken one by one. */
function watching(t: TestContext, { server }: Harness, about: Partial<Watch<ConfigMap>> = {}) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const transport = server.transport(LOOPBACK_USER);
  const events = transport.watch(
    { resource: ConfigMap, resourceVersion: "", namespace: "default", ...about },
    { signal: abort.signal },
  );
  const iterator = events[Symbol.asyncIterator]();
  return {
    async next(): Promise<WatchEvent<ConfigMap>> {
      const { value, done } = await iterator.next();
      assert.equal(done, false, "the watch ended");
      return value as WatchEvent<ConfigMap>;
    },
    ended: async () => (await iterator.next()).done,
  };
}

const shown = (event: WatchEvent<ConfigMap>): string =>
  event.type === "BOOKMARK"
    ? `BOOKMARK ${event.initialEventsEnd}`
    : `${event.type} ${event.object.metadata.name}`;

const make = ({ create }: Harness, name: string, labels: object = {}) =>
  create(ConfigMap, { metadata: { name, namespace: "default", labels } });

test("state, its end, and then every change in order", async (t) => {
  const harness = await startHarness(t);
  await make(harness, "a");
  const { next } = watching(t, harness, { initialEvents: true });
  assert.equal(shown(await next()), "ADDED a");
  assert.equal(shown(await next()), "BOOKMARK true");
  await make(harness, "b");
  await harness.ask("PATCH", `${PATH}/a`, { data: { k: "v" } });
  await harness.ask("DELETE", `${PATH}/a`);
  const events = [await next(), await next(), await next()];
  assert.deepEqual(events.map(shown), ["ADDED b", "MODIFIED a", "DELETED a"]);
  const versions = events.map((event) =>
    event.type === "BOOKMARK" ? 0 : Number(event.object.metadata.resourceVersion),
  );
  assert.deepEqual(
    versions,
    versions.toSorted((x, y) => x - y),
  );
});

test("a watch goes on from a revision", async (t) => {
  const harness = await startHarness(t);
  const a = await make(harness, "a");
  await make(harness, "b");
  const { next } = watching(t, harness, { resourceVersion: a.metadata.resourceVersion });
  assert.equal(shown(await next()), "ADDED b");
});

test("objects enter and leave a selection", async (t) => {
  const harness = await startHarness(t);
  await make(harness, "a", { in: "no" });
  const { next } = watching(t, harness, { query: { labelSelector: "in=yes" }, initialEvents: true });
  assert.equal(shown(await next()), "BOOKMARK true");
  await harness.ask("PATCH", `${PATH}/a`, { metadata: { labels: { in: "yes" } } });
  assert.equal(shown(await next()), "ADDED a");
  await harness.ask("PATCH", `${PATH}/a`, { metadata: { labels: { in: "no" } } });
  const left = await next();
  assert.equal(shown(left), "DELETED a");
  assert.equal(left.type !== "BOOKMARK" && left.object.metadata.labels?.in, "yes");
});

test("a watch of one name, and of another namespace, hears of nothing else", async (t) => {
  const harness = await startHarness(t);
  const one = watching(t, harness, { query: { fieldSelector: "metadata.name=a" }, initialEvents: true });
  assert.equal(shown(await one.next()), "BOOKMARK true");
  await make(harness, "b");
  await harness.create(ConfigMap, { metadata: { name: "a", namespace: "kube-system" } });
  await make(harness, "a");
  const event = await one.next();
  assert.equal(shown(event), "ADDED a");
  assert.equal(event.type !== "BOOKMARK" && event.object.metadata.namespace, "default");
});

test("a revision that the window has passed is Expired", async (t) => {
  const harness = await startHarness(t, { limits: { windowEventsMax: 2 } });
  const a = await make(harness, "a");
  for (const name of ["b", "c", "d", "e"]) await make(harness, name);
  const { next } = watching(t, harness, { resourceVersion: a.metadata.resourceVersion });
  await assert.rejects(next(), { reason: "Expired", message: /too old resource version/ });
  const { ask } = harness;
  const answer = await ask("GET", `${PATH}?watch=1&resourceVersion=${a.metadata.resourceVersion}`);
  assert.equal(answer.status, 410);
});

test("a reader that is slower than the window loses its own watch only", async (t) => {
  const harness = await startHarness(t, { limits: { windowEventsMax: 100 } });
  const slow = watching(t, harness, { initialEvents: true });
  const quick = watching(t, harness, { initialEvents: true });
  assert.equal(shown(await slow.next()), "BOOKMARK true");
  assert.equal(shown(await quick.next()), "BOOKMARK true");
  for (let index = 0; index < 500; index++) {
    await make(harness, `m${index}`);
    assert.equal(shown(await quick.next()), `ADDED m${index}`);
  }
  let seen = 0;
  await assert.rejects(
    async () => {
      for (;;) {
        await slow.next();
        seen++;
      }
    },
    { reason: "Expired" },
  );
  assert.ok(seen < 500);
});

test("bookmarks come by the clock, and a timeout ends the stream", async (t) => {
  const harness = await startHarness(t);
  const { next, ended } = watching(t, harness, { query: { timeoutSeconds: "90" }, initialEvents: true });
  assert.equal(shown(await next()), "BOOKMARK true");
  await harness.clock.advance(61_000);
  assert.equal(shown(await next()), "BOOKMARK false");
  await harness.clock.advance(61_000);
  assert.equal(await ended(), true);
});

test("over the wire, events are lines", async (t) => {
  const harness = await startHarness(t);
  await make(harness, "a");
  const asking = harness.ask("GET", `${PATH}?watch=true&timeoutSeconds=5`);
  while (harness.clock.nextDue() === undefined) await new Promise(setImmediate);
  await make(harness, "b");
  await new Promise(setImmediate);
  await harness.clock.advance(6000);
  const lines = (await asking).text.trimEnd().split("\n");
  const events = lines.map(
    (line) => JSON.parse(line) as { type: string; object: { metadata: { name: string } } },
  );
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ["ADDED a", "ADDED b"],
  );
});

test("closing the server ends its watches", async (t) => {
  const harness = await startHarness(t);
  const { next, ended } = watching(t, harness, { initialEvents: true });
  assert.equal(shown(await next()), "BOOKMARK true");
  await harness.server.close();
  assert.equal(await ended(), true);
});
