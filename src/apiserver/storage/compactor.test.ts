import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { Compacted, type Store } from "#store/store";
import { keepCompact } from "./compactor.ts";

const KEEP_MS = 60_000;

async function put(store: Store): Promise<number> {
  const put = { type: "put", key: "/registry/x", value: new Uint8Array(1) } as const;
  return (await store.commit([], [put])).revision;
}

/** The store as one of several processes has it, with the compactions that it asked for. */
function shared(store: Store): { readonly store: Store; readonly compacted: number[] } {
  const compacted: number[] = [];
  const own: Partial<Store> = {
    isShared: true,
    async compact(revision) {
      compacted.push(revision);
      await store.compact(revision);
    },
  };
  const get = (_: Store, name: keyof Store) => {
    const found: unknown = own[name] ?? store[name];
    return typeof found === "function" ? (found.bind(store) as unknown) : found;
  };
  return { store: new Proxy(store, { get }) as Store, compacted };
}

describe("compaction", () => {
  it("forgets what is older than it is asked to keep, and nothing else", async () => {
    const [clock, scope] = [new VirtualClock(), new Scope()];
    const store = openMemoryStore({ clock });
    const first = await put(store);
    const second = await put(store);
    keepCompact(store, clock, scope, KEEP_MS);
    const third = await put(store);
    await clock.advance(KEEP_MS);
    assert.ok((await store.get("/registry/x", { revision: second })).entry);
    await assert.rejects(store.get("/registry/x", { revision: first }), Compacted);
    await clock.advance(KEEP_MS);
    assert.ok((await store.get("/registry/x", { revision: third })).entry);
    await assert.rejects(store.get("/registry/x", { revision: second }), Compacted);
    await scope.close();
    await store.close();
  });

  it("is done by one of several servers at a time, and by another when that one has gone", async () => {
    const clock = new VirtualClock();
    const store = openMemoryStore({ clock });
    const [one, other] = [shared(store), shared(store)];
    const [oneScope, otherScope] = [new Scope(), new Scope()];
    keepCompact(one.store, clock, oneScope, KEEP_MS);
    keepCompact(other.store, clock, otherScope, KEEP_MS);
    const rounds = 4;
    for (let round = 0; round < rounds; round++) {
      await put(store);
      await clock.advance(KEEP_MS);
    }
    assert.equal(one.compacted.length + other.compacted.length, rounds);
    await oneScope.close();
    const before = other.compacted.length;
    for (let round = 0; round < rounds; round++) {
      await put(store);
      await clock.advance(KEEP_MS);
    }
    assert.ok(other.compacted.length >= before + rounds - 1);
    await otherScope.close();
    await store.close();
  });
});
