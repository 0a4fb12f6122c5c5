/** A cluster's objects put back from a file, and carried from one store to another. */
import { createWriteStream, existsSync, readdirSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { formatTime } from "#machinery/time";
import { openDiskStore, restoreDiskStore } from "#store/disk/disk-store";
import { syncDirectory } from "#store/disk/lmdb-journal";
import { lockDirectory } from "#store/disk/lock";
import { restoreInto } from "#store/etcd/restore-etcd";
import { readSnapshot, type Snapshot } from "#store/snapshot";
import { openSnapshotFile } from "#store/snapshot-file";
import { type Entry, type Store, StoreLocked } from "#store/store";
import { pagesOf, Tally } from "#store/tally";
import { isMarker } from "../encryption/marker.ts";
import { liveServers, SERVERS_PREFIX } from "../live-servers.ts";
import type { ClusterPlaces } from "../places.ts";
import { StepFailed } from "../steps.ts";
import { bringKeys, neededBy, NeededKeys, notFound } from "./keys.ts";
import { describeStore, openStore, type StoreLocation } from "../store-location.ts";

/** As far as no store comes in years: revisions after a restoration are none that anybody has seen before it. */
const REVISION_BUMP = 1_000_000_000;

export interface RestoreResult {
  readonly entries: number;
  readonly revision: number;
  /** Where what was there before is kept. */
  readonly replaced?: string;
  /** How many were left out, as their keys are not there. */
  readonly leftOut?: number;
}

export interface MigrateOptions {
  /** What is there is replaced: on disk it is kept beside, in etcd it goes. */
  readonly force: boolean;
  /** Does so while servers seem to work on it. */
  readonly ignoreServers?: boolean;
}

export interface RestoreOptions extends MigrateOptions {
  /** Where the cluster's keys and certificates are. */
  readonly pkiDir: string;
  /** File with the keys of the backup's secrets; by default the one beside the backup. */
  readonly keys?: string;
  /** Leaves out what nobody could read. */
  readonly withoutKeys?: boolean;
}

/** Nothing runs on the store meanwhile. Whoever watched it before is told to start over. Throws StepFailed, `Damaged`. */
export async function restore(
  places: ClusterPlaces,
  location: StoreLocation,
  file: string,
  { pkiDir, keys, withoutKeys = false, ...options }: RestoreOptions,
): Promise<RestoreResult> {
  const needed = await neededKeys(file);
  if (!withoutKeys) await bringKeys(file, needed, { pkiDir, ...(keys === undefined ? {} : { keys }) });
  const left = withoutKeys ? await notFound(needed, pkiDir) : new Set<string>();
  const snapshot = await openSnapshotFile(file);
  const skips = new Skips((entry) => left.has(neededBy(entry) ?? ""));
  try {
    const entries = skips.rest(snapshot.entries);
    const result = await fill(
      places,
      location,
      { ...snapshot, entries },
      { ...options, bump: REVISION_BUMP },
    );
    return skips.count === 0 ? result : { ...result, leftOut: skips.count };
  } finally {
    snapshot.close();
  }
}

/** Reads all of the file, so that one that is damaged is known before anything is touched. */
async function neededKeys(file: string): Promise<NeededKeys> {
  const needed = new NeededKeys();
  const snapshot = await openSnapshotFile(file);
  try {
    for await (const entry of snapshot.entries) needed.add(entry);
  } finally {
    snapshot.close();
  }
  return needed;
}

/** Entries without some of them, which are counted. */
class Skips {
  readonly #isSkipped: (entry: Entry) => boolean;
  count = 0;

  constructor(isSkipped: (entry: Entry) => boolean) {
    this.#isSkipped = isSkipped;
  }

  async *rest(entries: Snapshot["entries"]): AsyncGenerator<Entry> {
    for await (const entry of entries) {
      if (!this.#isSkipped(entry)) yield entry;
      else if (!isMarker(entry.key)) this.count++;
    }
  }
}

/** Copies everything; what is at `from` stays as it is. Revisions are kept on disk; etcd gives its own. */
export async function migrate(
  places: ClusterPlaces,
  { from, to }: { readonly from: StoreLocation; readonly to: StoreLocation },
  options: MigrateOptions,
): Promise<RestoreResult> {
  if (from.type === "disk") {
    const store = await openDisk(from.directory ?? places.store);
    try {
      return await fill(places, to, await readSnapshot(store.snapshot()), { ...options, bump: 0 });
    } finally {
      await store.close();
    }
  }
  const folder = await mkdtemp(join(tmpdir(), "k8ts-migrate-"));
  try {
    const file = join(folder, "snapshot");
    const store = await openStore(from, openOptions(places));
    try {
      await assertIdle(store, from, places);
      await pipeline(store.snapshot(), createWriteStream(file, { mode: 0o600 }));
    } finally {
      await store.close();
    }
    const snapshot = await openSnapshotFile(file);
    return await fill(places, to, snapshot, { ...options, bump: 0 }).finally(() => snapshot.close());
  } finally {
    await rm(folder, { recursive: true });
  }
}

const openOptions = ({ store }: ClusterPlaces) => ({
  directory: store,
  clock: systemClock,
  random: systemRandom,
});

interface FillOptions extends MigrateOptions {
  readonly bump: number;
}

/** Puts the snapshot into a store and compares what is there then with what was read. */
async function fill(
  places: ClusterPlaces,
  location: StoreLocation,
  { heading, entries }: Snapshot,
  options: FillOptions,
): Promise<RestoreResult> {
  const read = new Tally();
  const counted: Snapshot = { heading, entries: counting(entries, read) };
  const replaced =
    location.type === "disk"
      ? await fillDisk(location.directory ?? places.store, counted, options)
      : await fillEtcd(places, location, counted, options);
  const store = await openStore(location, openOptions(places));
  try {
    const found = new Tally();
    for await (const page of pagesOf(store)) for (const entry of page) found.add(entry);
    if (found.entries !== read.entries || found.sum !== read.sum) {
      throw new Error(`${read.entries} entries were read, but ${found.entries} or others are in the store`);
    }
    return { entries: found.entries, revision: await store.latest(), ...(replaced ? { replaced } : {}) };
  } finally {
    await store.close();
  }
}

/** Servers that were alive then say so themselves when they come back. */
async function* counting(entries: Snapshot["entries"], tally: Tally): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    if (entry.key.startsWith(SERVERS_PREFIX)) continue;
    tally.add(entry);
    yield entry;
  }
}

/** The old store is moved aside only when the new one is whole. */
async function fillDisk(
  directory: string,
  snapshot: Snapshot,
  { force, bump }: FillOptions,
): Promise<string | undefined> {
  const isEmpty = !existsSync(directory) || readdirSync(directory).length === 0;
  if (isEmpty) {
    await restoreDiskStore(directory, snapshot, { bump });
    return undefined;
  }
  if (!force) {
    throw new StepFailed(
      `there is a store in ${directory} already`,
      "add --force to replace it; it is kept beside the new one",
    );
  }
  const lock = lockOf(directory);
  try {
    const fresh = `${directory}.restored`;
    await rm(fresh, { recursive: true, force: true });
    await restoreDiskStore(fresh, snapshot, { bump });
    const aside = `${directory}.replaced-${formatTime(systemClock.now()).replaceAll(":", "")}`;
    await rename(directory, aside);
    await rename(fresh, directory);
    syncDirectory(dirname(directory));
    return aside;
  } finally {
    lock.release();
  }
}

function lockOf(directory: string): ReturnType<typeof lockDirectory> {
  try {
    return lockDirectory(directory);
  } catch (error) {
    throw error instanceof StoreLocked ? inUse(directory, error) : error;
  }
}

async function openDisk(directory: string): Promise<Store> {
  if (!existsSync(directory)) throw new StepFailed(`there is no store in ${directory}`, "name another one");
  try {
    return await openDiskStore(directory);
  } catch (error) {
    throw error instanceof StoreLocked ? inUse(directory, error) : error;
  }
}

const inUse = (what: string, cause?: Error): StepFailed =>
  new StepFailed(
    `a control plane runs on ${what}`,
    "stop it first: k8ts down, or end its k8ts server",
    cause ? { cause } : {},
  );

async function fillEtcd(
  places: ClusterPlaces,
  location: StoreLocation,
  snapshot: Snapshot,
  { force, ignoreServers = false }: FillOptions,
): Promise<undefined> {
  const store = await openStore(location, openOptions(places));
  try {
    if (!ignoreServers) await assertIdle(store, location, places);
    if (!force) {
      const { count } = await store.range("\x01", "\x7f", { limit: 1, keysOnly: true });
      if (count > 0) {
        const where = describeStore(location, places.store);
        throw new StepFailed(
          `${where} holds ${count} keys already`,
          "add --force to have them removed first",
        );
      }
    }
    await restoreInto(store, snapshot, { force });
  } finally {
    await store.close();
  }
}

/** A server that was killed is taken for alive for a while. */
async function assertIdle(store: Store, location: StoreLocation, places: ClusterPlaces): Promise<void> {
  const servers = await liveServers(store, systemClock.now());
  if (servers.length === 0) return;
  throw new StepFailed(
    `a control plane runs on ${describeStore(location, places.store)}: ${servers.join(", ")}`,
    "stop it first: k8ts down, or end its k8ts server; what was killed is forgotten after 15 seconds",
  );
}
