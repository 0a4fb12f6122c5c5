import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { SlowWatcher, type Store, StoreUnavailable } from "#store/store";
import { defaultLimits } from "../limits.ts";
import type { Item } from "../storage/item.ts";
import type { CacheEvent } from "./event.ts";
import { Feed } from "./feed.ts";
import { KindCache } from "./kind-cache.ts";
import { everything } from "./scope.ts";
import type { WatchSink } from "./subscription.ts";

const cacheOf = (prefix: string) => new KindCache({ prefix, indexedValue: undefined, limits: defaultLimits });

const put = (store: Store, key: string) =>
  store.commit(
    [],
    [{ type: "put", key, value: Buffer.from(`{"kind":"Thing","metadata":{"uid":"${key}"}}`) }],
  );

/** A store whose watches and reads fail when a test says so. */
function failing(inner: Store) {
  let lose = (_error: Error) => undefined as void;
  let reads = 0;
  const state = {
    /** Called before and behind each read of keys from `start` on. */
    before: (_start: string): Promise<unknown> | undefined => undefined,
    behind: (_start: string): Promise<unknown> | undefined => undefined,
    lose: (error: Error) => lose(error),
    reads: () => reads,
  };
  const store: Store = Object.create(inner, {
    revision: { get: () => inner.revision },
    isShared: { value: false },
    latest: { value: () => inner.latest() },
    range: {
      value: async (...args: Parameters<Store["range"]>) => {
        reads++;
        await state.before(args[0]);
        const result = await inner.range(...args);
        await state.behind(args[0]);
        return result;
      },
    },
    watch: {
      value: async function* (...[start, end, options]: Parameters<Store["watch"]>) {
        const lost = new AbortController();
        lose = (error) => lost.abort(error);
        const signal = AbortSignal.any([options.signal, lost.signal]);
        yield* inner.watch(start, end, { ...options, signal });
        if (lost.signal.aborted) throw lost.signal.reason;
      },
    },
  }) as Store;
  return { ...state, state, store };
}

async function started(t: TestContext, store: Store, ...caches: readonly KindCache[]) {
  const clock = new VirtualClock();
  const scope = new Scope();
  t.after(() => scope.close());
  const feed = new Feed(store, clock);
  for (const cache of caches) feed.add(cache);
  await feed.start(scope);
  feed.hasStarted();
  return { feed, clock, signal: scope.signal };
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const keysOf = (cache: KindCache) => cache.all().map(({ key }) => key);

test("a kind that appears while the store's watch is lost misses no change", async (t) => {
  const inner = openMemoryStore();
  t.after(() => inner.close());
  const { store, state } = failing(inner);
  const known = cacheOf("/registry/known/");
  const { feed, signal } = await started(t, store, known);

  await put(inner, "/registry/new/a");
  const late = cacheOf("/registry/new/");
  state.behind = async (start) => {
    if (!start.startsWith("/registry/new/")) return;
    state.behind = () => undefined;
    // The new state, from which the watch goes on, has another object already; the read had it not.
    state.before = () => put(inner, "/registry/new/b");
    state.lose(new SlowWatcher("lost"));
    await turns();
    state.before = () => undefined;
  };
  await feed.addLive(late, signal);
  assert.deepEqual(keysOf(late), ["/registry/new/a", "/registry/new/b"]);
});

test("a store that cannot give its state is asked again after a while, not at once", async (t) => {
  const inner = openMemoryStore();
  t.after(() => inner.close());
  const { store, state, reads } = failing(inner);
  const known = cacheOf("/registry/known/");
  const { feed, clock } = await started(t, store, known);

  const before = reads();
  state.before = () => Promise.reject(new StoreUnavailable("gone"));
  state.lose(new SlowWatcher("lost"));
  await turns();
  assert.equal(reads() - before, 1);
  assert.equal(feed.following, false);

  await put(inner, "/registry/known/a");
  state.before = () => undefined;
  await clock.advance(500);
  await turns();
  assert.equal(feed.following, true);
  assert.deepEqual(keysOf(known), ["/registry/known/a"]);
});

function sink(send: (item: Item) => void) {
  const ends: unknown[] = [];
  const made: WatchSink = {
    send: (_type, item) => (send(item), true),
    bookmark: () => undefined,
    end: (why) => void ends.push(why?.code),
  };
  return { made, ends };
}

test("who cannot be told of a change loses the watch; the cache and the others go on", async (t) => {
  const store = openMemoryStore();
  t.after(() => store.close());
  const cache = cacheOf("/registry/known/");
  await started(t, store, cache);
  const start = { type: "after", revision: 0 } as const;
  const bad = sink(() => {
    throw new Error("cannot be shown");
  });
  const seen: string[] = [];
  const good = sink((item) => void seen.push(item.key));
  const at = { revision: 0, bookmarks: false };
  for (const { made } of [bad, good]) cache.watch(everything, start, at, made).resume();
  cache.onChange(() => {
    throw new Error("a listener of ours that fails");
  });
  await put(store, "/registry/known/a");
  await turns();
  assert.deepEqual(bad.ends, [500]);
  assert.deepEqual([good.ends, seen], [[], ["/registry/known/a"]]);
  assert.deepEqual(keysOf(cache), ["/registry/known/a"]);
});

test("forms of an event are shared by all who hear of it, and not kept with it", async (t) => {
  const store = openMemoryStore();
  t.after(() => store.close());
  const cache = cacheOf("/registry/known/");
  await started(t, store, cache);
  const events = new Set<CacheEvent>();
  let made = 0;
  const encode = (event: CacheEvent) => {
    if (event.encoded("form")) return;
    made++;
    event.keep("form", Buffer.from("form"));
  };
  const sharing: WatchSink = {
    send: (_type, _item, shared) => (events.add(shared!), encode(shared!), true),
    bookmark: () => undefined,
    end: () => undefined,
  };
  const at = { revision: 0, bookmarks: false };
  for (let watch = 0; watch < 3; watch++)
    cache.watch(everything, { type: "after", revision: 0 }, at, sharing).resume();
  await put(store, "/registry/known/a");
  await turns();
  assert.deepEqual([events.size, made], [1, 1]);
  for (const event of events) encode(event);
  assert.equal(made, 2);
});
