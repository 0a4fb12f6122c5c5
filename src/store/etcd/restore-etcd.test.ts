import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../memory/memory-store.ts";
import { readSnapshot } from "../snapshot.ts";
import type { Store } from "../store.ts";
import { restoreInto } from "./restore-etcd.ts";

test("what is written together is never more than etcd takes at once", async (t) => {
  const [from, to] = [openMemoryStore(), openMemoryStore()];
  t.after(() => Promise.all([from.close(), to.close()]));
  const sizes = [100, 700_000, 700_000, 1_400_000, 100, 1_400_000];
  for (const [index, size] of sizes.entries())
    await from.commit([], [{ type: "put", key: `/registry/things/${index}`, value: new Uint8Array(size) }]);
  const together: number[] = [];
  const store: Store = Object.create(to, {
    revision: { get: () => to.revision },
    range: { value: to.range.bind(to) },
    latest: { value: to.latest.bind(to) },
    compact: { value: to.compact.bind(to) },
    commit: {
      value: (...args: Parameters<Store["commit"]>) => {
        together.push(args[1].reduce((sum, one) => sum + (one.type === "put" ? one.value.length : 0), 0));
        return to.commit(...args);
      },
    },
  }) as Store;
  await restoreInto(store, await readSnapshot(from.snapshot()));
  assert.equal(together.filter((bytes) => bytes > 1.5 * 1024 * 1024).length, 0, together.join());
  const { count } = await to.range("/registry/", "/registry0");
  assert.equal(count, sizes.length);
});
