import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { Compacted, StoreClosed, StoreLocked, type Store } from "../store.ts";
import { storeSuite } from "../suite.ts";
import { openDiskStore, restoreDiskStore } from "./disk-store.ts";

const temporary = (): string => mkdtempSync(join(tmpdir(), "k8ts-store-"));

storeSuite("disk store", async () => {
  const directory = temporary();
  const clock = new VirtualClock();
  const store = await openDiskStore(join(directory, "store"), { clock });
  let copies = 0;
  return {
    store,
    leaseSeconds: 10,
    tellsProgress: true,
    pinsSnapshots: true,
    advance: (byMs) => clock.advance(byMs),
    async restore(snapshot) {
      const copy = join(directory, `copy-${copies++}`);
      await restoreDiskStore(copy, snapshot);
      return openDiskStore(copy, { clock });
    },
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});

describe("disk store", () => {
  it("has everything again after it was closed and opened", async () => {
    await inDirectory(async (directory) => {
      const clock = new VirtualClock();
      const store = await openDiskStore(directory, { clock });
      for (let n = 0; n < 50; n++) await put(store, `/a/${n % 10}`, `${n}`);
      await store.commit([], [{ type: "delete", key: "/a/3" }]);
      const before = await store.range("/", "0");
      await store.close();
      const again = await openDiskStore(directory, { clock });
      assert.equal(again.revision, 51);
      assert.deepEqual(await again.range("/", "0"), before);
      const { entry } = await again.get("/a/3", { revision: 50 });
      assert.equal(Buffer.from(entry?.value ?? []).toString(), "43");
      const watched = await firstBatches(again, 45, 6);
      assert.deepEqual(
        watched.map(({ revision }) => revision),
        [46, 47, 48, 49, 50, 51],
      );
      assert.equal(await put(again, "/a/3", "new"), 52);
      await again.close();
    });
  });

  it("gives the same values whoever asks first, and however long they are", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(directory);
      for (const kilobytes of [0, 1, 3, 60, 64, 200]) {
        for (const round of ["old", "new"])
          await put(store, `/a/${kilobytes}`, round.repeat(kilobytes * 342));
      }
      const before = await store.range("/", "0");
      await store.close();
      const again = await openDiskStore(directory);
      for (const { key, value } of before.entries) {
        assert.deepEqual((await again.get(key)).entry?.value, value);
        assert.deepEqual((await again.get(key)).entry?.value, value);
      }
      assert.deepEqual(await again.range("/", "0"), before);
      await again.close();
      const third = await openDiskStore(directory);
      await put(third, "/b", "");
      assert.deepEqual((await third.range("/a", "/b")).entries, before.entries);
      await third.close();
    });
  });

  it("remembers across a restart what was compacted", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(directory);
      for (let n = 0; n < 20; n++) await put(store, `/a/${n % 2}`, `${n}`);
      await store.commit([], [{ type: "delete", key: "/a/0" }]);
      await store.compact(21);
      await store.close();
      const again = await openDiskStore(directory);
      await assert.rejects(again.get("/a/1", { revision: 20 }), Compacted);
      assert.equal((await again.range("/", "0")).count, 1);
      assert.equal(await put(again, "/a/0", "back"), 22);
      assert.equal((await again.get("/a/0")).entry?.createRevision, 22);
      await again.close();
    });
  });

  it("gives a lease its whole time again after a restart", async () => {
    await inDirectory(async (directory) => {
      const clock = new VirtualClock();
      const store = await openDiskStore(directory, { clock });
      const lease = await store.grantLease(10);
      await store.commit([], [{ type: "put", key: "/a", value: Buffer.from("x"), lease }]);
      await clock.advance(8_000);
      await store.close();
      const again = await openDiskStore(directory, { clock });
      await clock.advance(8_000);
      assert.equal((await again.get("/a")).entry?.lease, lease);
      await again.renewLease(lease);
      const watching = firstBatches(again, 1, 1);
      await clock.advance(11_000);
      assert.deepEqual(
        (await watching).map(({ events }) => events[0]?.type),
        ["delete"],
      );
      assert.notEqual(await again.grantLease(10), lease);
      await again.close();
    });
  });

  it("is open in one process at a time", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(directory);
      await assert.rejects(openDiskStore(directory), StoreLocked);
      await store.close();
      await (await openDiskStore(directory)).close();
    });
  });

  it("answers nothing once it is closed, but finishes what it accepted", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(directory);
      const accepted = put(store, "/a", "x");
      const watching = firstBatches(store, 1, 1);
      await store.close();
      assert.equal(await accepted, 1);
      await watching;
      await assert.rejects(store.get("/a"), StoreClosed);
      await assert.rejects(put(store, "/a", "y"), StoreClosed);
    });
  });

  it("stays small through many renewals and compactions", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(directory);
      const renewAll = async (round: number) => {
        await Promise.all(
          Array.from({ length: 100 }, (_, node) => put(store, `/leases/${node}`, `${round}`.padEnd(500))),
        );
        await store.compact(Math.max(0, store.revision - 200));
      };
      for (let round = 0; round < 10; round++) await renewAll(round);
      const settled = bytesIn(directory);
      for (let round = 10; round < 80; round++) await renewAll(round);
      assert.ok(bytesIn(directory) <= settled * 2, `${settled} bytes became ${bytesIn(directory)}`);
      await store.close();
    });
  });

  it("restores into an empty directory only, and leaves nothing behind when it fails", async () => {
    await inDirectory(async (directory) => {
      const store = await openDiskStore(join(directory, "a"));
      await put(store, "/a", "x");
      const snapshot = await Array.fromAsync(store.snapshot());
      await assert.rejects(restoreDiskStore(join(directory, "a"), streamOf(snapshot)), {
        name: "InvalidRequest",
      });
      await assert.rejects(restoreDiskStore(join(directory, "b"), streamOf(snapshot.slice(0, -1))), {
        name: "Damaged",
      });
      assert.deepEqual(readdirSync(directory), ["a"]);
      await store.close();
    });
  });
});

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = temporary();
  try {
    await test(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function put(store: Store, key: string, value: string): Promise<number> {
  return (await store.commit([], [{ type: "put", key, value: Buffer.from(value) }])).revision;
}

async function firstBatches(store: Store, afterRevision: number, count: number) {
  const abort = new AbortController();
  const batches = [];
  for await (const batch of store.watch("/", "0", { afterRevision, signal: abort.signal })) {
    if (batch.events.length > 0) batches.push(batch);
    if (batches.length === count) abort.abort();
  }
  return batches;
}

const bytesIn = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
