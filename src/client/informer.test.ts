import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "#base/scope";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { map, resource, string, struct, type AnyObject } from "#machinery/schema";
import { badRequest, expired } from "#machinery/status";
import { Client } from "./client.ts";
import { InformerSet } from "./informer-set.ts";
import type { ListPage, ListScope, Transport, Watch, WatchEvent } from "./transport.ts";

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
  const names = (app: string) => [...informer.byIndex("app", app)].map(({ metadata }) => metadata.name);
  assert.deepEqual([names("x"), names("y"), names("z")], [["b"], ["a"], []]);

  const late: string[] = [];
  informers.of(Thing).handle({ added: (object) => void late.push(object.metadata.name) });
  assert.deepEqual(late, ["a", "b"]);
  assert.equal(watches.length, 1);
  await scope.close();
});
