import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { NoSpace, type Store, StoreOverloaded, StoreUnavailable, TooLarge } from "#store/store";
import { startHarness } from "../harness.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

/** A store whose commits, and whose question for the newest revision, fail with this, once it is told to. */
function failing(store: Store) {
  const state: { error: Error | undefined } = { error: undefined };
  const own: Partial<Store> = {
    isShared: true,
    latest: () => (state.error ? Promise.reject(state.error) : Promise.resolve(store.latest())),
    commit: (...args) => (state.error ? Promise.reject(state.error) : store.commit(...args)),
  };
  const get = (_: Store, name: keyof Store) => {
    const found: unknown = own[name] ?? store[name];
    return typeof found === "function" ? (found.bind(store) as unknown) : found;
  };
  return { state, store: new Proxy(store, { get }) as Store };
}

test("a store that fails is told apart: ask again, look first, or there is no room", async (t) => {
  const clock = new VirtualClock();
  const inner = openMemoryStore({ clock });
  t.after(() => inner.close());
  const { state, store } = failing(inner);
  const { ask } = await startHarness(t, { store, clock });
  const map = { metadata: { name: "one" } };
  const rows: [Error, number, string | undefined][] = [
    [new StoreOverloaded("too much"), 503, "1"],
    [new NoSpace("no room"), 503, undefined],
    [new TooLarge("etcdserver: request is too large"), 413, undefined],
    [new StoreUnavailable("gone"), 504, undefined],
  ];
  for (const [error, code, retryAfter] of rows) {
    state.error = error;
    const { status, headers, json } = await ask("POST", MAPS, map);
    assert.deepEqual([status, headers["retry-after"]], [code, retryAfter], error.name);
    assert.match(json.message, new RegExp(error.message));
  }
  const { status, headers } = await ask("GET", `${MAPS}/one`);
  assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
  state.error = undefined;
  assert.equal((await ask("POST", MAPS, map)).status, 201);
});
