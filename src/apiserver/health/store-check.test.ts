import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Store } from "#store/store";
import { storeCheck } from "./store-check.ts";

test("a store that answers is well", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  assert.equal(await storeCheck(store, clock)(), undefined);
});

test("a store that says nothing is ill after two seconds", async () => {
  const clock = new VirtualClock();
  const silent: Pick<Store, "get"> = {
    get: (_key, { signal } = {}) =>
      new Promise((_, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason as Error));
      }),
  };
  const checked = assert.rejects(storeCheck(silent, clock)(), /the store does not answer/);
  await clock.advance(2_000);
  await checked;
});
