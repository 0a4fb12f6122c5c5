import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { present } from "#base/assert";
import { seededRandom } from "#base/random";
import {
  Compacted,
  FutureRevision,
  InvalidRequest,
  LeaseNotFound,
  prefixEnd,
  SlowWatcher,
  type Change,
  type CommitResult,
  type Entry,
  type Store,
  type WatchBatch,
} from "./store.ts";

/** One implementation on the bench. */
export interface Bench {
  readonly store: Store;
  /** A time to live for leases that is short by the clock they run by. */
  readonly leaseSeconds: number;
  /** False for a store that cannot tell watchers how far they have come. */
  readonly tellsProgress: boolean;
  /** False for a store whose history may be compacted away below a snapshot, which then fails. */
  readonly pinsSnapshots: boolean;
  /** Moves the time that leases run by. */
  readonly advance: (byMs: number) => Promise<void>;
  /** A store of the same kind made from the snapshot; the caller closes it. */
  readonly restore: (snapshot: AsyncIterable<Uint8Array>) => Promise<Store>;
  /** Closes the store and takes away what it left. */
  readonly dispose: () => Promise<void>;
}

/** The contract of `Store`, as tests. They share one store, each under a prefix of its own. */
export function storeSuite(name: string, makeBench: () => Promise<Bench>): void {
  describe(name, () => {
    let making: Promise<Bench> | undefined;
    const onBench = (what: string, test: (bench: Bench, prefix: string) => Promise<void>) =>
      it(what, async () => test(await (making ??= makeBench()), freshPrefix()));
    after(async () => (await making)?.dispose());

    readAndWrite(onBench);
    oldRevisions(onBench);
    watching(onBench);
    leasing(onBench);
    snapshots(onBench);
    random(onBench);
  });
}

type OnBench = (what: string, test: (bench: Bench, prefix: string) => Promise<void>) => void;

function readAndWrite(onBench: OnBench): void {
  onBench("a put gets the next revision and is read back", async ({ store }, prefix) => {
    const before = store.revision;
    const revision = await put(store, `${prefix}a`, "one");
    assert.equal(revision, before + 1);
    assert.equal(store.revision, revision);
    const { entry } = await store.get(`${prefix}a`);
    assert.deepEqual(shown(entry), {
      key: `${prefix}a`,
      value: "one",
      createRevision: revision,
      modRevision: revision,
      lease: 0,
    });
  });

  onBench(
    "a second put keeps the create revision, a put after a delete does not",
    async ({ store }, prefix) => {
      const created = await put(store, `${prefix}a`, "one");
      const changed = await put(store, `${prefix}a`, "two");
      assert.deepEqual(revisionsOf(await read(store, `${prefix}a`)), [created, changed]);
      await remove(store, `${prefix}a`);
      assert.equal(await read(store, `${prefix}a`), undefined);
      const again = await put(store, `${prefix}a`, "three");
      assert.deepEqual(revisionsOf(await read(store, `${prefix}a`)), [again, again]);
    },
  );

  onBench("any bytes and no bytes come back as they were", async ({ store }, prefix) => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const large = Uint8Array.from({ length: 1_000_003 }, (_, at) => at * 31);
    for (const value of [all, large, new Uint8Array(0)]) {
      await store.commit([], [{ type: "put", key: `${prefix}a`, value }]);
      assert.ok(Buffer.from(present(await read(store, `${prefix}a`), "entry").value).equals(value));
    }
  });

  onBench("several changes of one commit share one revision", async ({ store }, prefix) => {
    await put(store, `${prefix}b`, "old");
    const before = store.revision;
    const result = await store.commit(
      [],
      [putting(`${prefix}a`, "1"), deleting(`${prefix}b`), putting(`${prefix}c`, "2")],
    );
    assert.deepEqual(result, { succeeded: true, revision: before + 1 });
    assert.equal(store.revision, before + 1);
    const { entries } = await store.range(prefix, prefixEnd(prefix));
    assert.deepEqual(
      entries.map(({ key, modRevision }) => [key, modRevision]),
      [
        [`${prefix}a`, before + 1],
        [`${prefix}c`, before + 1],
      ],
    );
  });

  onBench("a commit that changes nothing takes no revision", async ({ store }, prefix) => {
    const before = store.revision;
    assert.deepEqual(await store.commit([], [deleting(`${prefix}missing`)]), {
      succeeded: true,
      revision: before,
    });
    assert.deepEqual(await store.commit([{ key: `${prefix}missing`, modRevision: 0 }], []), {
      succeeded: true,
      revision: before,
    });
    assert.equal(store.revision, before);
  });

  onBench("a guard that does not hold changes nothing and tells what is there", async ({ store }, prefix) => {
    const revision = await put(store, `${prefix}a`, "one");
    const result = await store.commit(
      [
        { key: `${prefix}a`, modRevision: 0 },
        { key: `${prefix}missing`, modRevision: 0 },
      ],
      [putting(`${prefix}a`, "two"), putting(`${prefix}b`, "two")],
    );
    assert.ok(!result.succeeded);
    assert.equal(result.entries.length, 2);
    assert.equal(shown(result.entries[0])?.value, "one");
    assert.equal(result.entries[1], undefined);
    assert.equal(store.revision, revision);
    assert.equal(await read(store, `${prefix}b`), undefined);
    for (const modRevision of [revision - 1, revision + 1]) {
      assert.equal(
        (await store.commit([{ key: `${prefix}a`, modRevision }], [deleting(`${prefix}a`)])).succeeded,
        false,
      );
    }
    assert.equal(
      (await store.commit([{ key: `${prefix}a`, modRevision: revision }], [deleting(`${prefix}a`)]))
        .succeeded,
      true,
    );
  });

  onBench("of many that compare and swap at once exactly one wins", async ({ store }, prefix) => {
    const guard = { key: `${prefix}a`, modRevision: 0 };
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.commit([guard], [putting(`${prefix}a`, `${n}`)])),
    );
    const winners = results.filter(({ succeeded }) => succeeded);
    assert.equal(winners.length, 1);
    const entry = present(await read(store, `${prefix}a`), "entry");
    assert.equal(entry.modRevision, winners[0]?.revision);
    for (const result of results) {
      if (!result.succeeded) assert.equal(result.entries[0]?.modRevision, entry.modRevision);
    }
  });

  onBench("a counter that everybody raises by compare and swap loses nothing", async ({ store }, prefix) => {
    const key = `${prefix}counter`;
    await put(store, key, "0");
    await Promise.all(Array.from({ length: 8 }, () => raise(store, key, 5)));
    assert.equal(shown(await read(store, key))?.value, "40");
  });

  onBench(
    "revisions of commits that run at once are all different and in order",
    async ({ store }, prefix) => {
      const before = store.revision;
      const revisions = await Promise.all(
        Array.from({ length: 50 }, (_, n) => put(store, `${prefix}${n}`, "x")),
      );
      assert.deepEqual(
        revisions.toSorted((a, b) => a - b),
        Array.from({ length: 50 }, (_, n) => before + 1 + n),
      );
    },
  );

  onBench("a range is ordered, half open, limited and counted", async ({ store }, prefix) => {
    const names = ["b", "a/2", "a/10", "a", "c", "a/1"];
    for (const name of names) await put(store, prefix + name, name);
    const all = await store.range(prefix, prefixEnd(prefix));
    assert.deepEqual(namesIn(all.entries, prefix), ["a", "a/1", "a/10", "a/2", "b", "c"]);
    assert.equal(all.count, 6);
    assert.equal(all.revision, store.revision);
    const some = await store.range(`${prefix}a/`, `${prefix}c`, { limit: 2 });
    assert.deepEqual(namesIn(some.entries, prefix), ["a/1", "a/10"]);
    assert.equal(some.count, 4);
    const keys = await store.range(prefix, prefixEnd(prefix), { keysOnly: true });
    assert.deepEqual(
      keys.entries.map(({ value }) => value.length),
      [0, 0, 0, 0, 0, 0],
    );
    assert.equal((await store.range(`${prefix}x`, `${prefix}z`)).count, 0);
  });

  onBench("what no store can do is refused", async ({ store }, prefix) => {
    const before = store.revision;
    await assert.rejects(
      store.commit([], [putting(`${prefix}a`, "1"), deleting(`${prefix}a`)]),
      InvalidRequest,
    );
    await assert.rejects(put(store, "", "1"), InvalidRequest);
    await assert.rejects(put(store, `${prefix}ä`, "1"), InvalidRequest);
    await assert.rejects(put(store, prefix + "k".repeat(5000), "1"), InvalidRequest);
    await assert.rejects(store.get(`${prefix}a`, { revision: before + 1000 }), FutureRevision);
    assert.equal(store.revision, before);
    await assert.rejects(store.get(`${prefix}a`, { signal: AbortSignal.abort() }), { name: "AbortError" });
  });
}

function oldRevisions(onBench: OnBench): void {
  onBench("a range at an older revision shows what was there then", async ({ store }, prefix) => {
    await put(store, `${prefix}a`, "a1");
    const then = await put(store, `${prefix}b`, "b1");
    await put(store, `${prefix}a`, "a2");
    await remove(store, `${prefix}b`);
    await put(store, `${prefix}b`, "b2");
    await put(store, `${prefix}c`, "c1");
    const { entries, count, revision } = await store.range(prefix, prefixEnd(prefix), { revision: then });
    assert.deepEqual(
      entries.map((entry) => shown(entry)?.value),
      ["a1", "b1"],
    );
    assert.equal(count, 2);
    assert.equal(revision, store.revision);
    const { entry } = await store.get(`${prefix}c`, { revision: then });
    assert.equal(entry, undefined);
  });

  onBench("compaction keeps what is newest and refuses what is older", async ({ store }, prefix) => {
    const first = await put(store, `${prefix}a`, "a1");
    await put(store, `${prefix}gone`, "x");
    await put(store, `${prefix}a`, "a2");
    await remove(store, `${prefix}gone`);
    const kept = await put(store, `${prefix}b`, "b1");
    await put(store, `${prefix}a`, "a3");
    await store.compact(kept);
    await assert.rejects(store.get(`${prefix}a`, { revision: first }), Compacted);
    const then = await store.range(prefix, prefixEnd(prefix), { revision: kept });
    assert.deepEqual(
      then.entries.map((entry) => shown(entry)?.value),
      ["a2", "b1"],
    );
    const now = await store.range(prefix, prefixEnd(prefix));
    assert.deepEqual(
      now.entries.map((entry) => shown(entry)?.value),
      ["a3", "b1"],
    );
    await store.compact(kept);
    await assert.rejects(store.compact(store.revision + 1000), FutureRevision);
  });
}

function watching(onBench: OnBench): void {
  onBench("a watch tells puts, changes and deletes", async ({ store }, prefix) => {
    const { reader, stop } = watch(store, prefix, store.revision);
    const created = await put(store, `${prefix}a`, "1");
    const changed = await put(store, `${prefix}a`, "2");
    const deleted = await remove(store, `${prefix}a`);
    assert.deepEqual((await reader.take(3)).map(told), [
      { revision: created, events: [["put", `${prefix}a`, "1"]] },
      { revision: changed, events: [["put", `${prefix}a`, "2"]] },
      { revision: deleted, events: [["delete", `${prefix}a`, undefined]] },
    ]);
    await stop();
  });

  onBench("one commit is one batch, and only what is in the range", async ({ store }, prefix) => {
    const { reader, stop } = watch(store, `${prefix}in/`, store.revision);
    await put(store, `${prefix}out/a`, "1");
    await store.commit(
      [],
      [putting(`${prefix}in/a`, "1"), putting(`${prefix}out/b`, "1"), putting(`${prefix}in/b`, "1")],
    );
    const [batch] = await reader.take(1);
    assert.deepEqual(
      batch?.events.map(({ key }) => key),
      [`${prefix}in/a`, `${prefix}in/b`],
    );
    assert.equal(batch?.revision, store.revision);
    await stop();
  });

  onBench("a watch from any kept revision is complete and has nothing twice", async ({ store }, prefix) => {
    const start = store.revision;
    for (let n = 0; n < 30; n++) await put(store, `${prefix}${n % 3}`, `${n}`);
    const revisions = Array.from({ length: 30 }, (_, n) => start + 1 + n);
    for (const skipped of [0, 1, 15, 29]) {
      const { reader, stop } = watch(store, prefix, start + skipped);
      assert.deepEqual(
        (await reader.take(30 - skipped)).map(({ revision }) => revision),
        revisions.slice(skipped),
      );
      await stop();
    }
  });

  onBench("a watch that starts while writes go on misses nothing", async ({ store }, prefix) => {
    const start = store.revision;
    const writing = Promise.all(Array.from({ length: 100 }, (_, n) => put(store, `${prefix}${n}`, "x")));
    const { reader, stop } = watch(store, prefix, start);
    const batches = await reader.take(100);
    await writing;
    assert.deepEqual(
      batches.map(({ revision }) => revision),
      Array.from({ length: 100 }, (_, n) => start + 1 + n),
    );
    await stop();
  });

  onBench("what a watch tells can be read", async ({ store }, prefix) => {
    const { reader, stop } = watch(store, prefix, store.revision);
    const writing = Promise.all(Array.from({ length: 20 }, (_, n) => put(store, `${prefix}${n}`, "x")));
    for (const { revision, events } of await reader.take(20)) {
      assert.ok(store.revision >= revision);
      const { entry } = await store.get(present(events[0], "event").key, { revision });
      assert.equal(entry?.modRevision, revision);
    }
    await writing;
    await stop();
  });

  onBench("a watch from a compacted revision says so", async ({ store }, prefix) => {
    const start = await put(store, `${prefix}a`, "1");
    await put(store, `${prefix}a`, "2");
    await store.compact(await put(store, `${prefix}a`, "3"));
    const last = await put(store, `${prefix}a`, "4");
    const { reader, stop } = watch(store, prefix, start - 1);
    await assert.rejects(reader.take(1), Compacted);
    await stop();
    const kept = watch(store, prefix, last - 1);
    assert.deepEqual((await kept.reader.take(1)).map(told), [
      { revision: last, events: [["put", `${prefix}a`, "4"]] },
    ]);
    await kept.stop();
  });

  onBench("it knows how large it is, where it has a file", async ({ store }, prefix) => {
    await put(store, `${prefix}a`, "1");
    const size = await store.sizeBytes();
    assert.ok(size === undefined || size > 0);
  });

  onBench("a quiet watch learns how far the store has come", async ({ store, tellsProgress }, prefix) => {
    if (!tellsProgress) return;
    const { progress, stop } = watch(store, `${prefix}quiet/`, store.revision);
    const revision = await put(store, `${prefix}loud`, "1");
    store.requestProgress();
    await progress(revision);
    await stop();
  });

  onBench("a watch ends with its signal, at once and when it waits", async ({ store }, prefix) => {
    const { reader, stop } = watch(store, prefix, store.revision);
    const waiting = reader.take(1);
    await stop();
    assert.deepEqual(await waiting, []);
    const ended = store.watch(prefix, prefixEnd(prefix), { afterRevision: 0, signal: AbortSignal.abort() });
    for await (const _ of ended) assert.fail("an aborted watch told something");
  });

  onBench("a reader that stops reading loses its own watch and nobody else's", async ({ store }, prefix) => {
    const abort = new AbortController();
    const options = { afterRevision: store.revision, signal: abort.signal };
    const slow = store.watch(prefix, prefixEnd(prefix), options)[Symbol.asyncIterator]();
    const first = slow.next();
    await put(store, `${prefix}first`, "x");
    await first;
    const { reader, stop } = watch(store, prefix, store.revision);
    const changes = Array.from({ length: 100 }, (_, n) => putting(`${prefix}${n}`, "x"));
    // Well beyond any limit, so that it does not matter how fast the last of it arrives.
    const commits = 150;
    const reading = reader.take(commits);
    for (let n = 0; n < commits; n++) await store.commit([], changes);
    assert.equal((await reading).length, commits);
    await assert.rejects(async () => {
      for (let n = 0; n <= commits + 1; n++) await slow.next();
    }, SlowWatcher);
    assert.equal((await slow.next()).done, true);
    await stop();
    abort.abort();
  });
}

function leasing(onBench: OnBench): void {
  onBench(
    "a lease that runs out deletes its keys in one commit that watchers see",
    async ({ store, advance, leaseSeconds }, prefix) => {
      const lease = await store.grantLease(leaseSeconds);
      await store.commit(
        [],
        [putting(`${prefix}a`, "1", lease), putting(`${prefix}b`, "1", lease), putting(`${prefix}c`, "1")],
      );
      assert.equal((await read(store, `${prefix}a`))?.lease, lease);
      const { reader, stop } = watch(store, prefix, store.revision);
      await advance(leaseSeconds * 3_000);
      const [batch] = await reader.take(1);
      assert.deepEqual(batch?.events.map(({ type, key }) => [type, key]).toSorted(), [
        ["delete", `${prefix}a`],
        ["delete", `${prefix}b`],
      ]);
      assert.deepEqual(namesIn((await store.range(prefix, prefixEnd(prefix))).entries, prefix), ["c"]);
      await assert.rejects(store.renewLease(lease), LeaseNotFound);
      await stop();
    },
  );

  onBench("a renewed lease lives on", async ({ store, advance, leaseSeconds }, prefix) => {
    const lease = await store.grantLease(leaseSeconds);
    await store.commit([], [putting(`${prefix}a`, "1", lease)]);
    for (let n = 0; n < 4; n++) {
      await advance(leaseSeconds * 500);
      await store.renewLease(lease);
    }
    assert.ok(await read(store, `${prefix}a`));
    await store.revokeLease(lease);
    assert.equal(await read(store, `${prefix}a`), undefined);
  });

  onBench("a key that is written without the lease is no longer bound to it", async ({ store }, prefix) => {
    const lease = await store.grantLease(60);
    await store.commit([], [putting(`${prefix}a`, "1", lease), putting(`${prefix}b`, "1", lease)]);
    await put(store, `${prefix}a`, "2");
    await store.revokeLease(lease);
    assert.deepEqual(namesIn((await store.range(prefix, prefixEnd(prefix))).entries, prefix), ["a"]);
  });

  onBench("a lease that is not there cannot be used", async ({ store }, prefix) => {
    const lease = await store.grantLease(60);
    await store.revokeLease(lease);
    await assert.rejects(store.commit([], [putting(`${prefix}a`, "1", lease)]), LeaseNotFound);
    await assert.rejects(store.renewLease(lease), LeaseNotFound);
    await assert.rejects(store.revokeLease(lease), LeaseNotFound);
    assert.equal(await read(store, `${prefix}a`), undefined);
  });
}

function snapshots(onBench: OnBench): void {
  onBench(
    "a snapshot holds one revision, whole, while writes go on",
    async ({ store, restore, pinsSnapshots }, prefix) => {
      for (let n = 0; n < 20; n++) {
        await store.commit(
          [],
          Array.from({ length: 50 }, (_, k) => putting(`${prefix}${n}-${k}`, "before")),
        );
      }
      const asOf = store.revision;
      const snapshot = store.snapshot()[Symbol.asyncIterator]();
      const pieces = [await snapshot.next()];
      await put(store, `${prefix}0-0`, "after");
      await remove(store, `${prefix}19-49`);
      await put(store, `${prefix}new`, "after");
      if (pinsSnapshots) await store.compact(store.revision);
      while (!pieces.at(-1)?.done) pieces.push(await snapshot.next());
      const copy = await restore(streamOf(pieces.flatMap(({ value }) => (value ? [value] : []))));
      try {
        assert.ok(copy.revision >= asOf);
        const { entries } = await copy.range(prefix, prefixEnd(prefix));
        assert.equal(entries.length, 1000);
        assert.ok(entries.every((entry) => shown(entry)?.value === "before"));
        const original = present((await store.get(`${prefix}1-1`)).entry, "entry");
        assert.deepEqual(shown(entries.find(({ key }) => key === original.key)), shown(original));
        assert.equal(await put(copy, `${prefix}next`, "x"), copy.revision);
      } finally {
        await copy.close();
      }
    },
  );

  onBench("a snapshot that was cut short or changed is refused", async ({ store, restore }, prefix) => {
    await put(store, `${prefix}a`, "some value that can be damaged");
    const bytes = Buffer.concat(await Array.fromAsync(store.snapshot()));
    const changed = Buffer.from(bytes);
    const at = changed.indexOf("some value that");
    if (at >= 0) changed[at] = 0x53;
    else changed[changed.length >>> 1]! ^= 1;
    for (const bad of [bytes.subarray(0, -1), bytes.subarray(0, bytes.length >>> 1), changed]) {
      await assert.rejects(restore(streamOf([bad])));
    }
  });
}

function random(onBench: OnBench): void {
  onBench("agrees with a plain model over random commits", async ({ store }, prefix) => {
    const source = seededRandom(1);
    const model = new Map<string, string>();
    const start = store.revision;
    const { reader, stop } = watch(store, prefix, start);
    const history = new Map<number, ReadonlyMap<string, string>>([[start, new Map()]]);
    for (let step = 0; step < 300; step++) {
      const changes = randomChanges(source.below, prefix);
      const effective = changes.some(({ type, key }) => type === "put" || model.has(key));
      const before = store.revision;
      const result: CommitResult = await store.commit([], changes);
      assert.deepEqual(result, { succeeded: true, revision: effective ? before + 1 : before });
      for (const change of changes) {
        if (change.type === "put") model.set(change.key, Buffer.from(change.value).toString());
        else model.delete(change.key);
      }
      history.set(result.revision, new Map(model));
    }
    for (const [revision, expected] of history) {
      const { entries } = await store.range(prefix, prefixEnd(prefix), { revision });
      assert.deepEqual(contents(entries), [...expected].toSorted());
    }
    const replayed = new Map<string, string>();
    for (const { revision, events } of await reader.take(history.size - 1)) {
      for (const { key, entry } of events) {
        if (entry) replayed.set(key, Buffer.from(entry.value).toString());
        else replayed.delete(key);
      }
      assert.deepEqual([...replayed].toSorted(), [...present(history.get(revision), "revision")].toSorted());
    }
    await stop();
  });
}

function randomChanges(below: (bound: number) => number, prefix: string): Change[] {
  const keys = new Set(Array.from({ length: 1 + below(4) }, () => `${prefix}${below(12)}`));
  return [...keys].map((key) => (below(3) === 0 ? deleting(key) : putting(key, `${below(1000)}`)));
}

const freshPrefix = (() => {
  let count = 0;
  return () => `/registry/suite/${String(count++).padStart(4, "0")}/`;
})();

const putting = (key: string, value: string, lease = 0): Change => ({
  type: "put",
  key,
  value: Buffer.from(value),
  lease,
});
const deleting = (key: string): Change => ({ type: "delete", key });

async function put(store: Store, key: string, value: string): Promise<number> {
  return (await store.commit([], [putting(key, value)])).revision;
}

async function remove(store: Store, key: string): Promise<number> {
  return (await store.commit([], [deleting(key)])).revision;
}

const read = async (store: Store, key: string): Promise<Entry | undefined> => (await store.get(key)).entry;

async function raise(store: Store, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const { value, modRevision } = present(await read(store, key), key);
    const next = `${Number(Buffer.from(value).toString()) + 1}`;
    const { succeeded } = await store.commit([{ key, modRevision }], [putting(key, next)]);
    if (succeeded) done++;
  }
}

const shown = (entry: Entry | undefined) => entry && { ...entry, value: Buffer.from(entry.value).toString() };

const revisionsOf = (entry: Entry | undefined) => entry && [entry.createRevision, entry.modRevision];

const namesIn = (entries: readonly Entry[], prefix: string): string[] =>
  entries.map(({ key }) => key.slice(prefix.length));

const contents = (entries: readonly Entry[]) =>
  entries.map(({ key, value }): [string, string] => [key, Buffer.from(value).toString()]);

const told = ({ revision, events }: WatchBatch) => ({
  revision,
  events: events.map(({ type, key, entry }) => [type, key, shown(entry)?.value]),
});

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** A watch that leaves out batches which only tell progress, unless they are asked for. */
function watch(store: Store, prefix: string, afterRevision: number) {
  const abort = new AbortController();
  const options = { afterRevision, signal: abort.signal };
  const batches = store.watch(prefix, prefixEnd(prefix), options)[Symbol.asyncIterator]();
  const take = async (count: number): Promise<WatchBatch[]> => {
    const taken: WatchBatch[] = [];
    while (taken.length < count) {
      const next = await batches.next();
      if (next.done) break;
      if (next.value.events.length > 0) taken.push(next.value);
    }
    return taken;
  };
  const progress = async (revision: number): Promise<void> => {
    for (;;) {
      const next = await batches.next();
      assert.ok(!next.done, "the watch ended before it told progress");
      if (next.value.revision >= revision) return;
    }
  };
  const stop = async (): Promise<void> => {
    abort.abort();
    await batches.return?.();
  };
  return { reader: { take }, progress, stop };
}
