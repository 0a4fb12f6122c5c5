import assert from "node:assert/strict";
import { CoreV1Api, type V1ConfigMap } from "@kubernetes/client-node";
import { configMaps } from "../kinds.ts";
import type { Recording } from "../recording.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const collection = ({ namespace }: ConformanceContext) => `/api/v1/namespaces/${namespace}/configmaps`;

const labelled = (name: string, label: string, data: Record<string, string> = {}): V1ConfigMap => ({
  metadata: { name, labels: { watched: label } },
  data,
});

/** `ADDED name changes`, for each event. */
const told = (recording: Recording<V1ConfigMap>): string[] =>
  recording.events.map(
    ({ type, object }) => `${type} ${object.metadata?.name} ${object.data?.changes ?? "-"}`,
  );

const isGone = (name: string) => (event: { type: string; object: V1ConfigMap }) =>
  event.type === "DELETED" && event.object.metadata?.name === name;

conformance(
  "[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]",
  async (context) => {
    const maps = configMaps(context);
    const onlyA = await maps.record({ labelSelector: "watched=a" });
    const onlyB = await maps.record({ labelSelector: "watched=b" });
    const both = await maps.record({ labelSelector: "watched in (a, b)" });
    context.defer(() => [onlyA, onlyB, both].forEach((one) => one.close()));

    await maps.create(labelled("of-a", "a"));
    await maps.patch("of-a", { data: { changes: "1" } });
    await maps.update("of-a", (map) => (map.data = { changes: "2" }));
    await maps.delete("of-a");
    await maps.create(labelled("of-b", "b"));
    await maps.delete("of-b");
    await maps.create({ metadata: { name: "of-nobody" } });

    await onlyA.until(isGone("of-a"), "the watch of a sees it deleted");
    await onlyB.until(isGone("of-b"), "the watch of b sees it deleted");
    await both.until(isGone("of-b"), "the watch of both sees b deleted");
    const ofA = ["ADDED of-a -", "MODIFIED of-a 1", "MODIFIED of-a 2", "DELETED of-a 2"];
    const ofB = ["ADDED of-b -", "DELETED of-b -"];
    assert.deepEqual(told(onlyA), ofA);
    assert.deepEqual(told(onlyB), ofB);
    assert.deepEqual(told(both), [...ofA, ...ofB]);
  },
);

conformance(
  "[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]",
  async (context) => {
    const maps = configMaps(context);
    await maps.create(labelled("one", "x"));
    const first = await maps.patch("one", { data: { changes: "1" } });
    const second = await maps.patch("one", { data: { changes: "2" } });
    await maps.delete("one");

    const seen = await context.watch<V1ConfigMap>(collection(context), {
      labelSelector: "watched=x",
      resourceVersion: first.metadata!.resourceVersion,
    });
    await seen.until(isGone("one"), "the deletion is seen");
    assert.deepEqual(told(seen), ["MODIFIED one 2", "DELETED one 2"]);
    assert.equal(seen.events[0]?.object.metadata?.resourceVersion, second.metadata!.resourceVersion);
    // The deletion is a change of its own, behind the last one.
    const versions = seen.events.map(({ object }) => BigInt(object.metadata!.resourceVersion!));
    assert.ok(versions[1]! > versions[0]!);
  },
);

conformance(
  "[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]",
  async (context) => {
    const maps = configMaps(context);
    const before = await maps.record({ labelSelector: "watched=again" });
    await maps.create(labelled("kept", "again"));
    await maps.patch("kept", { data: { changes: "1" } });
    const { object: last } = await before.until(
      ({ type }) => type === "MODIFIED",
      "the first change is seen",
    );
    before.close();

    // While nobody watches.
    await maps.patch("kept", { data: { changes: "2" } });
    await maps.create(labelled("other", "different"));
    await maps.delete("kept");

    const after = await context.watch<V1ConfigMap>(collection(context), {
      labelSelector: "watched=again",
      resourceVersion: last.metadata!.resourceVersion,
    });
    await after.until(isGone("kept"), "the deletion is seen");
    assert.deepEqual(told(before), ["ADDED kept -", "MODIFIED kept 1"]);
    assert.deepEqual(told(after), ["MODIFIED kept 2", "DELETED kept 2"]);
  },
);

conformance(
  "[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]",
  async (context) => {
    const maps = configMaps(context);
    const seen = await maps.record({ labelSelector: "watched=in" });
    context.defer(() => seen.close());
    const relabel = (to: string) => maps.patch("moving", { metadata: { labels: { watched: to } } });

    await maps.create(labelled("moving", "in"));
    await maps.patch("moving", { data: { changes: "1" } });
    await relabel("out");
    // Nobody sees it.
    await maps.patch("moving", { data: { changes: "2" } });
    await relabel("in");
    await maps.patch("moving", { data: { changes: "3" } });
    await maps.delete("moving");

    await seen.until(
      ({ type, object }) => type === "DELETED" && object.data?.changes === "3",
      "the real deletion is seen",
    );
    assert.deepEqual(told(seen), [
      "ADDED moving -",
      "MODIFIED moving 1",
      "DELETED moving 1",
      "ADDED moving 2",
      "MODIFIED moving 3",
      "DELETED moving 3",
    ]);
  },
);

conformance(
  "[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]",
  async (context) => {
    const maps = configMaps(context);
    const { namespace, api } = context;
    const { metadata } = await api(CoreV1Api).listNamespacedConfigMap({ namespace });
    const writing = (async () => {
      for (let at = 0; at < 25; at++) {
        const name = `map-${at % 5}`;
        if (at < 5) await maps.create({ metadata: { name } });
        else if (at < 20) await maps.patch(name, { data: { changes: String(at) } });
        else await maps.delete(name);
      }
    })();
    // A new one from every version that the first has seen, while changes go on.
    const from = (resourceVersion: string) =>
      context.watch<V1ConfigMap>(collection(context), { resourceVersion });
    const first = await from(metadata!.resourceVersion!);
    await first.until(({ type }) => type === "MODIFIED", "the first sees changes");
    const later = await Promise.all(
      first.events.slice(0, 5).map(({ object }) => from(object.metadata!.resourceVersion!)),
    );
    await writing;

    const sequence = async (watch: Recording<V1ConfigMap>) => {
      await watch.until(isGone("map-4"), "the end is seen");
      return watch.events.map(({ type, object }) => `${type} ${object.metadata?.resourceVersion}`);
    };
    const whole = await sequence(first);
    assert.equal(whole.length, 25);
    const ordered = first.events.map(({ object }) => BigInt(object.metadata!.resourceVersion!));
    assert.deepEqual(
      ordered,
      ordered.toSorted((one, other) => (one < other ? -1 : 1)),
    );
    for (const [at, watch] of later.entries()) assert.deepEqual(await sequence(watch), whole.slice(at + 1));
  },
);
