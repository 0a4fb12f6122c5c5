import assert from "node:assert/strict";
import { type CoreV1Event, type EventsV1Event, PatchStrategy, V1MicroTime } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { events, newEvents } from "../kinds.ts";
import { plain } from "../plain.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const oldEvent = (namespace: string, name: string, labels: Record<string, string>): CoreV1Event => ({
  metadata: { name, labels },
  message: `this is ${name}`,
  reason: "Test",
  type: "Normal",
  count: 1,
  involvedObject: { namespace, kind: "Pod", name: "of-this-event" },
});

const newEvent = (namespace: string, name: string, labels: Record<string, string>): EventsV1Event => ({
  metadata: { name, labels },
  regarding: { namespace, kind: "Pod", name: "of-this-event" },
  eventTime: new V1MicroTime("2026-01-01T10:00:00.123000Z"),
  note: `this is ${name}`,
  type: "Normal",
  reason: "Test",
  action: "Do",
  reportingController: "test-controller",
  reportingInstance: "test-node",
});

const namesOf = (all: readonly { metadata?: { name?: string } }[]) =>
  all.map(({ metadata }) => metadata?.name).toSorted();

const collection = (context: ConformanceContext) => {
  const labels = { collection: context.unique("events") };
  return { labels, selector: { labelSelector: `collection=${labels.collection}` } };
};

conformance(
  "[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]",
  async (context) => {
    const { namespace } = context;
    const { labels, selector } = collection(context);
    const client = events(context);
    await client.create(oldEvent(namespace, "one", labels));
    const everywhere = await client.listEverywhere(selector);
    assert.deepEqual(namesOf(everywhere), ["one"]);

    const patched = await client.patch("one", { message: "patched" }, PatchStrategy.StrategicMergePatch);
    assert.equal(patched.message, "patched");
    const read = await client.read("one");
    assert.deepEqual(
      [read.message, read.reason, read.involvedObject.name],
      ["patched", "Test", "of-this-event"],
    );
    // The same event in the newer form, with the fields that were renamed.
    const same = await newEvents(context).read("one");
    assert.deepEqual(
      [same.note, same.regarding?.name, same.deprecatedCount],
      ["patched", "of-this-event", 1],
    );
    assert.equal(same.metadata?.uid, read.metadata?.uid);

    const replaced = await client.update("one", (event) => {
      event.series = { count: 2, lastObservedTime: new V1MicroTime("2026-01-01T11:00:00.001000Z") };
    });
    assert.equal(replaced.series?.count, 2);
    assert.match(
      String(plain((await client.list(selector))[0]?.series?.lastObservedTime)),
      /^2026-01-01T11:00:00\.001000Z$/,
    );
    assert.deepEqual(
      namesOf(await client.list({ fieldSelector: "involvedObject.name=of-this-event,reason=Test" })),
      ["one"],
    );
    assert.deepEqual(await client.list({ fieldSelector: "type=Warning" }), []);
    await client.delete("one");
    await refused(client.read("one"), 404, "NotFound");
    assert.deepEqual(await client.list(selector), []);
  },
);

conformance(
  "[sig-instrumentation] Events should delete a collection of events [Conformance]",
  async (context) => {
    const { labels, selector } = collection(context);
    const client = events(context);
    for (const name of ["one", "two", "three"])
      await client.create(oldEvent(context.namespace, name, labels));
    await client.create(oldEvent(context.namespace, "stays", {}));
    assert.equal((await client.list(selector)).length, 3);
    await client.deleteCollection(selector);
    assert.deepEqual(await client.list(selector), []);
    assert.deepEqual(namesOf(await client.list()), ["stays"]);
  },
);

conformance(
  "[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]",
  async (context) => {
    const { namespace } = context;
    const { labels, selector } = collection(context);
    const client = newEvents(context);
    const created = await client.create(newEvent(namespace, "one", labels));
    assert.equal(plain(created.eventTime), "2026-01-01T10:00:00.123000Z");
    const other = newEvents(context, await context.makeNamespace());
    assert.deepEqual(namesOf(await client.listEverywhere(selector)), ["one"]);
    assert.deepEqual(namesOf(await client.list({ fieldSelector: "regarding.name=of-this-event" })), ["one"]);
    assert.deepEqual(await other.list(selector), []);

    const series = { count: 2, lastObservedTime: "2026-01-01T12:00:00.654321Z" };
    const patched = await client.patch("one", { series }, PatchStrategy.StrategicMergePatch);
    assert.equal(patched.series?.count, 2);
    // To the microsecond, which the client's own times are not.
    const stored = (await context.raw("GET", `${client.path}/one`)).json<{ series: object }>();
    assert.deepEqual(stored.series, series);
    const replaced = await client.update("one", (event) => {
      event.series!.count = 100;
    });
    assert.equal(replaced.series?.count, 100);
    const { note, action, reportingController, series: read } = await client.read("one");
    assert.deepEqual(
      [note, action, reportingController, read?.count],
      ["this is one", "Do", "test-controller", 100],
    );
    // The older form shows it, too.
    const old = await events(context).read("one");
    assert.deepEqual(
      [old.message, old.reportingComponent, old.involvedObject.name],
      ["this is one", "test-controller", "of-this-event"],
    );

    await refused(
      client.create({ ...newEvent(namespace, "two", labels), reportingController: undefined }),
      422,
      "Invalid",
    );
    await client.delete("one");
    assert.deepEqual(await client.listEverywhere(selector), []);
    await refused(client.read("one"), 404, "NotFound");
  },
);

conformance(
  "[sig-instrumentation] Events API should delete a collection of events [Conformance]",
  async (context) => {
    const { labels, selector } = collection(context);
    const client = newEvents(context);
    for (const name of ["one", "two", "three"])
      await client.create(newEvent(context.namespace, name, labels));
    assert.equal((await client.list(selector)).length, 3);
    await client.deleteCollection(selector);
    assert.deepEqual(await client.list(selector), []);
  },
);
