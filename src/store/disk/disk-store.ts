import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { systemClock, type Clock } from "#base/clock";
import { systemRandom, uuid, type Random } from "#base/random";
import { MvccStore } from "../mvcc/mvcc-store.ts";
import { Version } from "../mvcc/version.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";
import { InvalidRequest, type Store } from "../store.ts";
import { LmdbJournal, syncDirectory } from "./lmdb-journal.ts";

export interface DiskStoreOptions {
  /** Leases run by this clock. */
  readonly clock?: Clock;
  /** Names a new store. */
  readonly random?: Random;
}

/**
 * Opens the store in the directory, or makes one there. Throws `StoreLocked` when another process has it open,
 * `Damaged` when its file is not what was written, `WrongFormat` when another version of the program wrote it.
 */
export async function openDiskStore(directory: string, options: DiskStoreOptions = {}): Promise<Store> {
  const { clock = systemClock, random = systemRandom } = options;
  const journal = LmdbJournal.open(directory, () => uuid(random));
  try {
    return new MvccStore(journal, journal.recover(), clock);
  } catch (error) {
    await journal.close();
    throw error;
  }
}

export interface RestoreOptions extends DiskStoreOptions {
  /** The store goes on so many revisions after the snapshot's. */
  readonly bump?: number;
}

/** So many entries are written in one transaction. */
const RESTORE_GROUP_ENTRIES = 1_000;

/**
 * Makes a store in the directory, which must be empty or missing, from a snapshot. It appears there only when
 * the whole snapshot has been verified; before that nothing is left behind but an error.
 */
export async function restoreDiskStore(
  directory: string,
  snapshot: AsyncIterable<Uint8Array> | Snapshot,
  { random = systemRandom, bump = 0 }: RestoreOptions = {},
): Promise<void> {
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new InvalidRequest(`${directory} is not empty; a snapshot is restored into an empty directory`);
  }
  mkdirSync(dirname(directory), { recursive: true });
  const building = `${directory}.restoring-${uuid(random)}`;
  try {
    const read = "heading" in snapshot ? snapshot : await readSnapshot(snapshot);
    await build(building, bumped(read, bump), random);
    renameSync(building, directory);
    syncDirectory(dirname(directory));
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

/** Nobody who has seen the store before can take the revisions that come now for those of before. */
const bumped = ({ heading, entries }: Snapshot, bump: number): Snapshot => ({
  heading: { ...heading, revision: heading.revision + bump },
  entries,
});

async function build(directory: string, { heading, entries }: Snapshot, random: Random): Promise<void> {
  const { revision, nextLease, leases } = heading;
  const journal = LmdbJournal.open(directory, () => uuid(random));
  const write = async (versions: readonly Version[], granted = leases.slice(0, 0)) =>
    journal.write({
      versions,
      granted,
      removed: [],
      revoked: [],
      revision,
      compactRevision: revision,
      nextLease,
    });
  try {
    await write([], [...leases]);
    let group: Version[] = [];
    let place = 0;
    for await (const { key, value, createRevision, modRevision, lease } of entries) {
      group.push(new Version(key, createRevision, modRevision, place++, lease, value, undefined));
      if (group.length < RESTORE_GROUP_ENTRIES) continue;
      await write(group);
      group = [];
    }
    if (group.length > 0) await write(group);
  } finally {
    await journal.close();
  }
}
