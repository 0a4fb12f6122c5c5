import type { Snapshot } from "../snapshot.ts";
import { InvalidRequest, type Change, type Entry, type Store } from "../store.ts";
import { END_OF_KEYS, pagesOf } from "../tally.ts";

/** Stands in a store whose restoration has begun and not ended. */
const RESTORING_KEY = "k8ts_restoring";
/** etcd takes no more than 128 changes and 1.5 MiB at once. What is larger than the rest together goes alone. */
const CHANGES_MAX = 100;
const CHANGES_BYTES_MAX = 2 ** 20;

export interface RestoreEtcdOptions {
  /** What is there already goes. */
  readonly force?: boolean;
}

/** A restoration was interrupted: some of the objects are missing. */
export const isHalfRestored = async (store: Store): Promise<boolean> =>
  (await store.get(RESTORING_KEY)).entry !== undefined;

/**
 * Writes what the snapshot holds. Revisions are the store's own: they go on where it is, and all before them are
 * forgotten, so that whoever has seen the store before starts over. Leases begin again with their full time.
 */
export async function restoreInto(
  store: Store,
  { heading, entries }: Snapshot,
  { force = false }: RestoreEtcdOptions = {},
): Promise<void> {
  const { count } = await store.range("\x01", END_OF_KEYS, { limit: 1, keysOnly: true });
  if (count > 0 && !force) throw new InvalidRequest(`the store holds ${count} keys already`);
  await store.commit([], [{ type: "put", key: RESTORING_KEY, value: new Uint8Array(1) }]);
  await clear(store);
  const ttls = new Map(heading.leases.map(({ id, ttlSeconds }) => [id, ttlSeconds]));
  const granted = new Map<number, number>();
  const leaseFor = async (lease: number): Promise<number> => {
    const ttlSeconds = ttls.get(lease);
    if (ttlSeconds === undefined) return 0;
    if (!granted.has(lease)) granted.set(lease, await store.grantLease(ttlSeconds));
    return granted.get(lease)!;
  };
  const batch = new Batch(store);
  for await (const { key, value, lease } of entries) {
    if (key === RESTORING_KEY) continue;
    await batch.add({ type: "put", key, value, lease: await leaseFor(lease) });
  }
  await batch.flush();
  await store.commit([], [{ type: "delete", key: RESTORING_KEY }]);
  await store.compact(await store.latest());
}

async function clear(store: Store): Promise<void> {
  const batch = new Batch(store);
  for await (const page of pagesOf(store)) {
    for (const { key } of page as readonly Entry[]) {
      if (key !== RESTORING_KEY) await batch.add({ type: "delete", key });
    }
  }
  await batch.flush();
}

/** Changes gathered into commits. */
class Batch {
  readonly #store: Store;
  #changes: Change[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(change: Change): Promise<void> {
    const bytes = change.key.length + (change.type === "put" ? change.value.length : 0);
    if (this.#changes.length >= CHANGES_MAX || this.#bytes + bytes > CHANGES_BYTES_MAX) await this.flush();
    this.#changes.push(change);
    this.#bytes += bytes;
  }

  async flush(): Promise<void> {
    if (this.#changes.length > 0) await this.#store.commit([], this.#changes);
    this.#changes = [];
    this.#bytes = 0;
  }
}
