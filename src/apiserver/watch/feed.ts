import { attempt } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { AnyObject } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import { Compacted, SlowWatcher, type Entry, type Store, type WatchBatch, prefixEnd } from "#store/store";
import { Item, withRevision } from "../storage/item.ts";
import { UnreadableValue, itemOf } from "../storage/unreadable-value.ts";
import { ROOT } from "../storage/keys.ts";
import type { KindCache } from "./kind-cache.ts";

const log = logger("apiserver.watch");
/** Entries of one read while the caches fill. */
const LOAD_PAGE = 2000;
/** A server that starts takes in so many past revisions, so that watches of before it go on instead of starting over. */
const PAST_REVISIONS = 2_000;
/** They come within this time, or a server that starts gives up. */
const CATCH_UP_MS = 60_000;
/** Wait before a store that could not be followed is tried again. */
const RETRY_MS = 500;
/** Where others write to the store, it is asked how far it has come after the first of these, then every second one. */
const ASK_AFTER_MS = 5;
const ASK_AGAIN_MS = 100;

/** An object of this server's own on its way into the store. `item`: it is there. */
interface Written {
  readonly bytes: Buffer;
  readonly object: AnyObject;
  readonly item: Item | undefined;
}

/** All of one kind as of a revision. */
interface ReadState {
  readonly items: readonly Item[];
  readonly unreadable: readonly UnreadableValue[];
  readonly revision: number;
}

interface Arrival {
  readonly key: string;
  readonly state: Item | UnreadableValue | undefined;
  readonly revision: number;
}

/** Carries every change of the store into the kinds' caches, in revision order, by one watch for all of them. */
export class Feed {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #caches = new Map<string, KindCache>();
  readonly #arriving = new Map<string, Arrival[]>();
  readonly #waiting = new Set<{ readonly revision: number; readonly done: () => void }>();
  /** What this server is writing right now, so that its own objects need not be parsed again. */
  readonly #written = new Map<string, Written>();
  #revision = 0;
  /** How often all caches have been read: what happened between a lost watch and a new state is told by no event. */
  #loads = 0;
  #following = false;
  /** While the server starts: changes since the caches' first state, of kinds that nobody has asked for yet. */
  #unclaimed: { readonly since: number; readonly changes: Arrival[] } | undefined;
  #cancelAsking: (() => void) | undefined;
  /** Aborted to read everything again. */
  #again = new AbortController();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** All caches show the store as of this revision. */
  get revision(): number {
    return this.#revision;
  }

  /** False while the store cannot be followed: what the caches show may be old. */
  get following(): boolean {
    return this.#following;
  }

  get caches(): Iterable<KindCache> {
    return this.#caches.values();
  }

  /** Registers a cache before `start`. */
  add(cache: KindCache): void {
    this.#caches.set(cache.prefix, cache);
  }

  cacheFor(prefix: string): KindCache | undefined {
    return this.#caches.get(prefix);
  }

  /** Fills the caches and keeps them fed until the scope closes. */
  async start(scope: Scope): Promise<void> {
    const latest = await this.#store.latest();
    await this.#loadPast(latest, scope.signal);
    this.#following = true;
    scope.defer(() => this.#cancelAsking?.());
    scope.run((signal) => this.#follow(signal));
    await this.reach(latest, CATCH_UP_MS);
  }

  /** As of an older revision where the store still knows it, so that what came after it comes as changes. */
  async #loadPast(latest: number, signal: AbortSignal): Promise<void> {
    const past = Math.max(1, latest - PAST_REVISIONS);
    if (past < latest) {
      const failure = await attempt(() => this.#load(signal, past));
      if (!failure) return;
      if (!(failure instanceof Compacted)) throw failure;
    }
    await this.#load(signal);
  }

  /**
   * A kind that appears while the server runs: what happens during its first read is caught up with after it. One that
   * was there before the server, and appears while it starts, has its recent history like those that it began with.
   */
  async addLive(cache: KindCache, signal: AbortSignal): Promise<void> {
    while (!(await this.#addLive(cache, signal)));
  }

  /** False when all caches were read anew meanwhile: then some changes of this kind may never have been told. */
  async #addLive(cache: KindCache, signal: AbortSignal): Promise<boolean> {
    const loads = this.#loads;
    const meanwhile: Arrival[] = (this.#unclaimed?.changes ?? []).filter(({ key }) =>
      key.startsWith(cache.prefix),
    );
    this.#arriving.set(cache.prefix, meanwhile);
    try {
      const { items, unreadable, revision } = await this.#readPast(cache, signal);
      // The store may be ahead: what is in the read already must not come again.
      await this.reach(revision, CATCH_UP_MS);
      if (this.#loads !== loads) return false;
      cache.load(items, revision, unreadable);
      for (const late of meanwhile) if (late.revision > revision) cache.take(late, late.state, late.revision);
      this.add(cache);
      return true;
    } finally {
      this.#arriving.delete(cache.prefix);
    }
  }

  /** The kinds that were there before the server have appeared; from now on a new one begins with what it finds. */
  hasStarted(): void {
    this.#unclaimed = undefined;
  }

  async #readPast(cache: KindCache, signal: AbortSignal): Promise<ReadState> {
    const since = this.#unclaimed?.since;
    if (since !== undefined) {
      try {
        return await this.#read(cache, since, signal);
      } catch (error) {
        if (!(error instanceof Compacted)) throw error;
      }
    }
    return this.#read(cache, undefined, signal);
  }

  /** Values that could not be read may be readable now: where there are any, the caches are read again. */
  readAgain(): void {
    if ([...this.#caches.values()].some(({ hidesSome }) => hidesSome)) this.#again.abort();
  }

  remove(cache: KindCache): void {
    this.#caches.delete(cache.prefix);
    cache.endWatches();
  }

  /** Undefined when the caches show this revision already; rejects with Timeout when it does not come in time. */
  reach(revision: number, withinMs: number): Promise<void> | undefined {
    if (this.#revision >= revision) return undefined;
    return new Promise((resolve, reject) => {
      const waiter = {
        revision,
        done: () => {
          cancel();
          resolve();
        },
      };
      const cancel = this.#clock.after(withinMs, () => {
        this.#waiting.delete(waiter);
        reject(tooLargeVersion(revision, this.#revision));
      });
      this.#waiting.add(waiter);
      if (this.#store.isShared) this.#askIn(ASK_AFTER_MS);
    });
  }

  /** What somebody waits for may be about keys that this server does not follow. */
  #askIn(ms: number): void {
    this.#cancelAsking ??= this.#clock.after(ms, () => {
      this.#cancelAsking = undefined;
      if (this.#waiting.size === 0) return;
      this.#store.requestProgress();
      this.#askIn(ASK_AGAIN_MS);
    });
  }

  /** Announces bytes about to be written; call the answer when they were not. */
  expect(key: string, bytes: Buffer, object: AnyObject): () => void {
    const mine: Written = { bytes, object, item: undefined };
    this.#written.set(key, mine);
    return () => {
      if (this.#written.get(key) === mine) this.#written.delete(key);
    };
  }

  /** The announced bytes are stored under this revision. Gives the item that the cache has, or will have. */
  stored(key: string, revision: number, bytes: Buffer, object: AnyObject): Item {
    const cached = byPrefix(this.#caches, key)?.getByKey(key);
    if (cached?.revision === revision) return cached;
    const item = new Item(key, revision, bytes, withRevision(object, revision));
    if (revision > this.#revision) this.#written.set(key, { bytes, object, item });
    return item;
  }

  async #load(signal: AbortSignal, past?: number): Promise<void> {
    this.#written.clear();
    let revision = past;
    for (const cache of this.#caches.values()) {
      const read = await this.#read(cache, revision, signal);
      revision ??= read.revision;
      cache.load(read.items, revision, read.unreadable);
    }
    this.#loads++;
    // A store that was put back to an older state has older revisions, too.
    this.#revision = revision ?? this.#store.revision;
    this.#unclaimed = past === undefined ? undefined : { since: past, changes: [] };
    this.#advance(this.#revision);
  }

  async #read(cache: KindCache, at: number | undefined, signal: AbortSignal): Promise<ReadState> {
    const end = prefixEnd(cache.prefix);
    const items: Item[] = [];
    const unreadable: UnreadableValue[] = [];
    let revision = at;
    for (let start = cache.prefix; ;) {
      const page = await this.#store.range(start, end, { limit: LOAD_PAGE, revision, signal });
      revision ??= page.revision;
      for (const entry of page.entries) {
        const state = readable(() => itemOf(entry));
        if (state instanceof UnreadableValue) unreadable.push(state);
        else items.push(state);
      }
      const last = page.entries.at(-1);
      if (!last || page.entries.length < LOAD_PAGE) return { items, unreadable, revision };
      start = `${last.key}\0`;
    }
  }

  /** Goes on where it was as long as the store has the history since then; otherwise the caches are read again. */
  async #follow(signal: AbortSignal): Promise<void> {
    let isLost = false;
    while (!signal.aborted) {
      try {
        isLost ||= (await this.#store.latest()) < this.#revision;
        if (isLost) await this.#load(signal);
        isLost = false;
        this.#following = true;
        const either = AbortSignal.any([signal, this.#again.signal]);
        const options = { afterRevision: this.#revision, signal: either };
        for await (const batch of this.#store.watch(ROOT, prefixEnd(ROOT), options)) this.#take(batch);
        throw new Error("the store ended the watch");
      } catch (error) {
        if (signal.aborted) return;
        this.#following = false;
        const isAsked = this.#again.signal.aborted;
        if (isAsked) this.#again = new AbortController();
        const isGone = isAsked || error instanceof Compacted || error instanceof SlowWatcher;
        isLost ||= isGone;
        log.warn("the store's watch was lost", { error, again: isLost ? "from its state" : "from here" });
        // A store that fails is given time, also to answer with its state.
        if (!isGone) await attempt(() => sleep(this.#clock, RETRY_MS, { signal }));
      }
    }
  }

  #take({ revision, events }: WatchBatch): void {
    for (const { type, key, entry } of events) {
      const target = byPrefix(this.#caches, key);
      if (!target && this.#arriving.size === 0 && !this.#unclaimed) continue;
      const state = type === "put" ? readable(() => this.#itemOf(entry!)) : undefined;
      if (target) target.take({ key }, state, revision);
      else (byPrefix(this.#arriving, key) ?? this.#unclaimed?.changes)?.push({ key, state, revision });
    }
    this.#advance(revision);
  }

  #itemOf(entry: Entry): Item {
    const { key, modRevision, value } = entry;
    const mine = this.#written.get(key);
    if (!mine) return itemOf(entry);
    if (mine.item) {
      if (mine.item.revision <= modRevision) this.#written.delete(key);
      return mine.item.revision === modRevision ? mine.item : itemOf(entry);
    }
    if (!mine.bytes.equals(value)) return itemOf(entry);
    return new Item(key, modRevision, mine.bytes, withRevision(mine.object, modRevision));
  }

  #advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const waiter of this.#waiting) {
      if (waiter.revision > this.#revision) continue;
      this.#waiting.delete(waiter);
      waiter.done();
    }
  }
}

function readable(item: () => Item): Item | UnreadableValue {
  try {
    return item();
  } catch (error) {
    if (!(error instanceof UnreadableValue)) throw error;
    log.error("a stored value cannot be read", { key: error.key, error });
    return error;
  }
}

/** By the first one or two parts of the key: `pods/`, `services/specs/`. */
function byPrefix<T>(known: ReadonlyMap<string, T>, key: string): T | undefined {
  const first = key.indexOf("/", ROOT.length) + 1;
  return known.get(key.slice(0, first)) ?? known.get(key.slice(0, key.indexOf("/", first) + 1));
}

/** 504 as for a resourceVersion from the future. */
const tooLargeVersion = (asked: number, current: number): StatusError =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    reason: "Timeout",
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
    code: 504,
  });
