import { systemClock, type Clock } from "#base/clock";
import { NOTHING, type Journal, type Recovered } from "../mvcc/journal.ts";
import { MvccStore } from "../mvcc/mvcc-store.ts";
import { Version } from "../mvcc/version.ts";
import { Damaged, type Store } from "../store.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";

export interface MemoryStoreOptions {
  /** Leases run by this clock. */
  readonly clock?: Clock;
}

/** A store that lives as long as its process. It keeps the values it is given: nobody may change them in place. */
export const openMemoryStore = ({ clock = systemClock }: MemoryStoreOptions = {}): Store =>
  new MvccStore(memoryJournal, NOTHING, clock);

/** A memory store with what the snapshot holds. Throws `Damaged` when it is not whole. */
export async function restoreMemoryStore(
  snapshot: AsyncIterable<Uint8Array> | Snapshot,
  { clock = systemClock }: MemoryStoreOptions = {},
): Promise<Store> {
  const { heading, entries } = "heading" in snapshot ? snapshot : await readSnapshot(snapshot);
  const { revision, nextLease, leases } = heading;
  const versions: Version[] = [];
  for await (const { key, value, createRevision, modRevision, lease } of entries) {
    versions.push(new Version(key, createRevision, modRevision, versions.length, lease, value, undefined));
  }
  const recovered: Recovered = { revision, compactRevision: revision, nextLease, leases, versions };
  return new MvccStore(memoryJournal, recovered, clock);
}

/** The versions themselves hold the values, and durable means nothing more. */
const memoryJournal: Journal = {
  write: () => undefined,
  published: () => undefined,
  sizeBytes: () => undefined,
  value({ key }) {
    throw new Damaged(`the value of ${key} is gone`);
  },
  close: () => Promise.resolve(),
};
