import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "#base/scope";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { map, resource, string, struct, type AnyObject } from "#machinery/schema";
import { badRequest, expired } from "#machinery/status";
import { Client } from "./client.ts";
import { InformerSet } from "./informer-set.ts";
import type { ListPage, ListScope, Reference, Transport, Watch, WatchEvent } from "./transport.ts";

const Meta = struct("test.v1.Meta", {
  name: string(1).always(),
  namespace: string(3),
  uid: string(5).assigned(),
  resourceVersion: string(6).assigned(),
  creationTimestamp: string(8).assigned(),
  labels: map(11, string),
});
const Thing = resource({
  apiVersion: "test/v1",
  kind: "Thing",
  plural: "things",
  namespaced: true,
  metadata: Meta,
});

const thing = (name: string, resourceVersion: string, labels = {}) => ({
  apiVersion: "test/v1",
  kind: "Thing",
  metadata: { name, namespace: "ns", uid: name, resourceVersion, creationTimestamp: "", labels },
});
type Thing = ReturnType<typeof thing>;

/** What one watch says, and how it ends. */
type Script = (request: Watch<AnyObject>, signal: AbortSignal) => AsyncGenerator<WatchEvent<Thing>>;

const added = (object: Thing): WatchEvent<Thing> => ({ type: "ADDED", object });
const end = (resourceVersion: string): WatchEvent<Thing> => ({
  type: "BOOKMARK",
  resourceVersion,
  initialEventsEnd: true,
});
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

function start(scripts: Script[], page: ListPage<Thing> = { resourceVersion: "1", continue: "", items: [] }) {
  const lists: ListScope<AnyObject>[] = [];
  const watches: Watch<AnyObject>[] = [];
  const transport = {
    list: async (scope: ListScope<AnyObject>) => (lists.push(scope), page),
    async *watch(request: Watch<AnyObject>, { signal }: { signal: AbortSignal }) {
      watches.push(request);
      const script = scripts.shift();
      if (script) yield* script(request, signal);
      else await untilAborted(signal);
    },
  } as unknown as Transport;
  const clock = new VirtualClock();
  const scope = new Scope();
  const informers = new InformerSet({ client: new Client(transport), clock, random: seededRandom(1), scope });
  const heard: string[] = [];
  const informer = informers.of(Thing);
  informer.handle({
    added: (object) => heard.push(`+${object.metadata.name}`),
    updated: (object) => heard.push(`~${object.metadata.name}`),
    deleted: (object) => heard.push(`-${object.metadata.name}`),
  });
  return { informers, informer, heard, lists, watches, clock, scope };
}

test("a watch list fills the cache, and the same watch goes on", async () => {
  const { informer, heard, lists, scope } = start([
    async function* (_request, signal) {
      yield added(thing("a", "3"));
      yield added(thing("b", "5"));
      yield end("7");
      yield { type: "MODIFIED", object: thing("a", "8") };
      yield { type: "DELETED", object: thing("b", "9") };
      await untilAborted(signal);
    },
  ]);
  await informer.reached("9");
  assert.deepEqual(heard, ["+a", "+b", "~a", "-b"]);
  assert.equal(informer.get("ns", "a")?.metadata.resourceVersion, "8");
  assert.equal(lists.length, 0);
  await scope.close();
});

test("a server without watch list is listed, then watched", async () => {
  const { informer, lists, watches, scope } = start(
    [
      async function* () {
        yield* [];
        throw badRequest("no sendInitialEvents here");
      },
    ],
    { resourceVersion: "4", continue: "", items: [thing("a", "2")] },
  );
  await informer.synced;
  assert.deepEqual([...informer.list()].length, 1);
  assert.equal(lists.length, 1);
  await new Promise(setImmediate);
  assert.deepEqual(
    watches.map(({ resourceVersion, initialEvents }) => [resourceVersion, initialEvents]),
    [
      ["", true],
      ["4", false],
    ],
  );
  await scope.close();
});

test("a lost connection is taken up where it was; lost history starts over and tells the difference", async () => {
  const { informer, heard, watches, clock, scope } = start([
    async function* () {
      yield added(thing("a", "1"));
      yield added(thing("b", "2"));
      yield end("2");
      yield { type: "BOOKMARK", resourceVersion: "6", initialEventsEnd: false };
      throw new Error("connection lost");
    },
    async function* () {
      yield* [];
      throw expired("too old resource version");
    },
    async function* (_request, signal) {
      yield added(thing("b", "8"));
      yield added(thing("c", "9"));
      yield end("12");
      await untilAborted(signal);
    },
  ]);
  await informer.synced;
  await clock.advance(5_000);
  await informer.reached("12");
  assert.deepEqual(
    watches.map(({ resourceVersion }) => resourceVersion),
    ["", "6", ""],
  );
  assert.deepEqual(heard, ["+a", "+b", "-a", "~b", "+c"]);
  await scope.close();
});

test("a name that comes back with another uid is another object", async () => {
  const again = { ...thing("a", "4"), metadata: { ...thing("a", "4").metadata, uid: "other" } };
  const { informer, heard, scope } = start([
    async function* (_request, signal) {
      yield added(thing("a", "1"));
      yield end("1");
      yield { type: "MODIFIED", object: again };
      await untilAborted(signal);
    },
  ]);
  await informer.reached("4");
  assert.deepEqual(heard, ["+a", "-a", "+a"]);
  await scope.close();
});

test("indexes follow changes, and late handlers hear of what is there", async () => {
  const { informers, informer, watches, scope } = start([
    async function* (_request, signal) {
      yield added(thing("a", "1", { app: "x" }));
      yield added(thing("b", "2", { app: "x" }));
      yield end("2");
      yield { type: "MODIFIED", object: thing("a", "3", { app: "y" }) };
      await untilAborted(signal);
    },
  ]);
  informer.addIndex("app", (object) => [object.metadata.labels?.app ?? ""]);
  await informer.reached("3");
  assert.deepEqual([...informer.keysByIndex("app", "x")], ["ns/b"]);
  assert.equal(informer.countByIndex("app", "x"), 1);
  const names = (app: string) => [...informer.byIndex("app", app)].map(({ metadata }) => metadata.name);
  assert.deepEqual([names("x"), names("y"), names("z")], [["b"], ["a"], []]);

  const late: string[] = [];
  informers.of(Thing).handle({ added: (object) => void late.push(object.metadata.name) });
  assert.deepEqual(late, ["a", "b"]);
  assert.equal(watches.length, 1);
  await scope.close();
});

/** An object that is made anew whenever it is asked for. */
function referenceTo(object: Thing): Reference<Thing> {
  const { namespace, name, resourceVersion } = object.metadata;
  const make = () => structuredClone(object);
  return {
    key: `/registry/things/${namespace}/${name}`,
    revision: Number(resourceVersion),
    open: make,
    glance: make,
  };
}

const byReference = (event: WatchEvent<Thing>): WatchEvent<Thing> =>
  event.type === "BOOKMARK" ? event : { ...event, reference: referenceTo(event.object) };

const names = (things: Iterable<AnyObject>): string[] =>
  [...things].map(({ metadata }) => metadata.name).toSorted();

/** A history of changes to a few things, with some that are lost and told anew as a state. */
function history(seed: number): { readonly first: WatchEvent<Thing>[]; readonly again: WatchEvent<Thing>[] } {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random.next() * count);
  const there = new Map<string, Thing>();
  let version = 0;
  const change = (): WatchEvent<Thing> => {
    const name = `thing-${pick(6)}`;
    const known = there.get(name);
    const next = { ...thing(name, String(++version), { app: `app-${pick(3)}` }) };
    if (known && pick(3) === 0) {
      there.delete(name);
      return {
        type: "DELETED",
        object: { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } },
      };
    }
    const uid = known && pick(5) > 0 ? known.metadata.uid : `${name}-${version}`;
    const object = { ...next, metadata: { ...next.metadata, uid } };
    there.set(name, object);
    return { type: known ? "MODIFIED" : "ADDED", object };
  };
  const state = () => [...there.values()].map(added);
  const changes = () => Array.from({ length: 30 }, change);
  changes();
  const first = [...state(), end(String(version)), ...changes()];
  changes();
  return { first, again: [...state(), end(String(version)), ...changes(), end(String(version))] };
}

for (let seed = 1; seed <= 20; seed++) {
  test(`objects held by reference are told, found and indexed like objects that are held, seed ${seed}`, async () => {
    const { first, again } = history(seed);
    const run = async (form: (event: WatchEvent<Thing>) => WatchEvent<Thing>) => {
      const lost = async function* () {
        yield* first.map(form);
        throw expired("gone");
      };
      const found = async function* (_request: unknown, signal: AbortSignal) {
        yield* again.map(form);
        await untilAborted(signal);
      };
      const { informer, clock, scope } = start([lost, found]);
      informer.groupByLabels();
      const told: unknown[] = [];
      informer.handle({
        added: (object) => told.push(["added", object, informer.get("ns", object.metadata.name)]),
        updated: (object, before) => told.push(["updated", object, before]),
        deleted: (object) => told.push(["deleted", object, informer.get("ns", object.metadata.name)]),
      });
      informer.addIndex("app", (object) => [object.metadata.labels?.app ?? ""]);
      await informer.synced;
      await clock.advance(5_000);
      const last = again.at(-1) as { readonly resourceVersion: string };
      await informer.reached(last.resourceVersion);
      const indexed = ["app-0", "app-1", "app-2"].map((app) => [...informer.byIndex("app", app)]);
      const all = [...informer.list()];
      const selected = names(informer.select("ns", ({ app }) => app !== "app-1"));
      assert.deepEqual(selected, names(all.filter(({ metadata }) => metadata.labels?.app !== "app-1")));
      await scope.close();
      return { told, all, indexed, size: informer.size };
    };
    assert.deepEqual(await run(byReference), await run((event) => event));
  });
}
