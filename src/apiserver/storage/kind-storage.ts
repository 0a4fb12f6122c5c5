import {
  alreadyExists,
  expired,
  type GroupResource,
  invalidObject,
  notFound,
  type StatusError,
  tooLarge,
} from "#machinery/status";
import { type AnyObject, invalid } from "#machinery/schema";
import { type Change, type Guard, InvalidRequest, type Store } from "#store/store";
import type { Limits } from "../limits.ts";
import type { Feed } from "../watch/feed.ts";
import type { KindCache } from "../watch/kind-cache.ts";
import type { Selection } from "../watch/scope.ts";
import { Item, encodeStored } from "./item.ts";
import { keyOf } from "./keys.ts";
import { readFailure, writeFailure } from "./store-failure.ts";
import { UnreadableValue, itemOf } from "./unreadable-value.ts";

/** Other keys that are written, or must hold, together with an object: all or nothing. */
export interface Companions {
  readonly guards: readonly Guard[];
  readonly changes: readonly Change[];
}

export const alone: Companions = { guards: [], changes: [] };

export type WriteOutcome =
  | { readonly type: "written"; readonly item: Item }
  /** Somebody else was faster; `current` is what is there now. */
  | { readonly type: "lost"; readonly current: Item | undefined; readonly lostCompanions: readonly string[] };

/** An object and the bytes it is stored as. */
export interface Encoded {
  readonly object: AnyObject;
  readonly bytes: Buffer;
}

/** How far the cache shows the store, and what this server is writing itself. */
export type StorageFeed = Pick<Feed, "revision" | "reach" | "expect" | "stored">;

/** A store that encrypts its values knows which of them should be written again. */
export interface KindStore extends Store {
  isStale?(key: string): Promise<boolean>;
}

export interface KindStorageOptions {
  readonly store: KindStore;
  readonly feed: StorageFeed;
  readonly cache: KindCache;
  readonly limits: Limits;
  readonly groupResource: GroupResource;
  /** The lease that a new object is bound to; undefined: it stays until it is deleted. */
  readonly leaseFor?: () => Promise<number>;
}

/** One stored kind: reads from its cache, writes by compare and swap. */
export class KindStorage {
  readonly cache: KindCache;
  readonly feed: StorageFeed;
  readonly #store: KindStore;
  readonly #limits: Limits;
  readonly #groupResource: GroupResource;
  readonly #leaseFor: (() => Promise<number>) | undefined;

  constructor({ store, feed, cache, limits, groupResource, leaseFor }: KindStorageOptions) {
    this.#store = store;
    this.feed = feed;
    this.cache = cache;
    this.#limits = limits;
    this.#groupResource = groupResource;
    this.#leaseFor = leaseFor;
  }

  key(namespace: string, name: string): string {
    return keyOf(this.cache.prefix, namespace, name);
  }

  /**
   * Waits until the cache shows all that was written before this call; undefined when it does already. `namespace`: the
   * one that is to be read, "" for all.
   */
  fresh(_namespace = ""): Promise<void> | undefined {
    const latest = this.#store.latest();
    const { freshnessMs } = this.#limits;
    if (typeof latest === "number") return this.feed.reach(latest, freshnessMs);
    return latest.then((revision) => this.feed.reach(revision, freshnessMs), failedRead);
  }

  /** Throws Expired for a revision that the store has not come to: it is from before the store was put back. */
  async assertHappened(revision: number): Promise<void> {
    const latest = await Promise.resolve(this.#store.latest()).catch(failedRead);
    if (revision > latest) throw expired(`too new resource version: ${revision} (${latest})`);
  }

  /** The newest state; throws NotFound. */
  async current(namespace: string, name: string): Promise<Item> {
    await this.fresh();
    return this.#cached(namespace, name);
  }

  /** As `current`, without a wait where none is needed. */
  read(namespace: string, name: string): Item | Promise<Item> {
    const wait = this.fresh();
    return wait ? wait.then(() => this.#cached(namespace, name)) : this.#cached(namespace, name);
  }

  /** What the selection holds now. Throws UnreadableValue where not all of it can be read. */
  select(selection: Selection, start?: string): readonly Item[] {
    this.cache.checkReadable(selection);
    return this.cache.select(selection, start);
  }

  /** Would these bytes change nothing? What the store should encrypt anew is written again as it is. */
  isSettled({ key, stored }: Item, { bytes }: Encoded): boolean | Promise<boolean> {
    if (!bytes.equals(stored)) return false;
    const stale = this.#store.isStale?.(key);
    return stale ? stale.then((isStale) => !isStale) : true;
  }

  /** The bytes to store. Throws RequestEntityTooLarge. */
  encode(object: AnyObject): Encoded {
    const bytes = encodeStored(object);
    const { objectBytesMax } = this.#limits;
    if (bytes.length > objectBytesMax) throw tooLarge(`limit is ${objectBytesMax}`);
    return { object, bytes };
  }

  /** Throws AlreadyExists when the key is taken, unless only a companion was lost; Invalid for a name that is no key. */
  async create(namespace: string, name: string, made: Encoded, companions = alone): Promise<WriteOutcome> {
    const key = this.key(namespace, name);
    const lease = await this.#leaseFor?.().catch(failedRead);
    const outcome = await this.#commit(
      key,
      0,
      { type: "put", key, value: made.bytes, lease },
      companions,
      made,
    ).catch((error: unknown) => {
      if (error instanceof UnreadableValue) throw alreadyExists(this.#groupResource, name);
      throw error instanceof InvalidRequest ? this.#unstorable(made.object, name, error) : error;
    });
    if (outcome.type === "lost" && outcome.current) throw alreadyExists(this.#groupResource, name);
    return outcome;
  }

  /** Replaces this state of the object. */
  async replace({ key, revision }: Item, made: Encoded, companions = alone): Promise<WriteOutcome> {
    const lease = await this.#leaseFor?.().catch(failedRead);
    return this.#commit(key, revision, { type: "put", key, value: made.bytes, lease }, companions, made);
  }

  /** Removes this state of the object; the outcome's item is its last state under the revision of the deletion. */
  async remove(item: Item, companions = alone): Promise<WriteOutcome> {
    const { key, revision } = item;
    return this.#commit(key, revision, { type: "delete", key }, companions, { bytes: item.stored });
  }

  /** The state as of an older revision. Throws the store's Compacted. */
  async rangeAt(
    start: string,
    end: string,
    revision: number,
    limit: number,
  ): Promise<{ items: Item[]; count: number }> {
    const { entries, count } = await this.#store
      .range(start, end, { revision, ...(limit > 0 ? { limit } : {}) })
      .catch(failedRead);
    return { items: entries.map(itemOf), count };
  }

  #cached(namespace: string, name: string): Item {
    const item = this.cache.get(namespace, name);
    if (!item) this.cache.checkReadable({ namespace, name });
    if (!item) throw notFound(this.#groupResource, name);
    return item;
  }

  /** Some kinds take any name that is one part of a path; as part of a key it must also be short and ASCII. */
  #unstorable({ kind }: AnyObject, name: string, { message }: InvalidRequest): StatusError {
    const { group } = this.#groupResource;
    return invalidObject({ group, kind }, name, [invalid("metadata.name", name, message)]);
  }

  async #commit(
    key: string,
    modRevision: number,
    change: Change,
    companions: Companions,
    { bytes, object }: { readonly bytes: Buffer; readonly object?: AnyObject },
  ): Promise<WriteOutcome> {
    const forget = object && this.feed.expect(key, bytes, object);
    let stored = false;
    try {
      const result = await this.#store
        .commit([{ key, modRevision }, ...companions.guards], [change, ...companions.changes])
        .catch(failedWrite);
      if (result.succeeded) {
        stored = true;
        const { revision } = result;
        if (!object) return { type: "written", item: new Item(key, revision, bytes) };
        forget?.();
        return { type: "written", item: this.feed.stored(key, revision, bytes, object) };
      }
      const [current, ...others] = result.entries;
      const lostCompanions = companions.guards
        .filter((guard, index) => (others[index]?.modRevision ?? 0) !== guard.modRevision)
        .map((guard) => guard.key);
      return {
        type: "lost",
        current: current && itemOf(current),
        lostCompanions,
      };
    } finally {
      if (!stored) forget?.();
    }
  }
}

const failedRead = (error: unknown): Promise<never> => Promise.reject(readFailure(error));
const failedWrite = (error: unknown): Promise<never> => Promise.reject(writeFailure(error));
