import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { writeSnapshot } from "../snapshot.ts";
import {
  Compacted,
  Damaged,
  FutureRevision,
  InvalidRequest,
  LeaseNotFound,
  NoSpace,
  StoreClosed,
  type Change,
  type CommitResult,
  type Entry,
  type Guard,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  type Store,
  type StoreEvent,
  type WatchBatch,
  type WatchOptions,
} from "../store.ts";
import { forgetHistory } from "./compaction.ts";
import type { History } from "./history.ts";
import type { Journal, Recovered } from "./journal.ts";
import type { KeyIndex } from "./key-index.ts";
import { LeaseTable } from "./lease-table.ts";
import { rebuild } from "./recover.ts";
import { checkCommit } from "../request.ts";
import { ownRoom, SharedRoom, type Room } from "./room.ts";
import { entryOf, liveAt, NO_BYTES, Version } from "./version.ts";
import { WatchHub } from "./watch-hub.ts";
import { WriteQueue, type Work } from "./write-queue.ts";

/** Compaction gives up about so many records at a time, and lets commits pass in between. */
const FORGOTTEN_RECORDS_MAX = 1_000;
/** A snapshot reads so many entries at a time. */
const SNAPSHOT_PAGE_ENTRIES = 256;
/** After the last key there can be. */
const END_OF_KEYS = "\x7f";

const log = logger("store");

/**
 * Revisions and history over a journal that holds the bytes. Keys, revisions and links stand in memory, so
 * guards are checked at once against everything that was accepted before; readers and watchers see only what
 * is durable, because they read as of the durable revision.
 */
export class MvccStore implements Store {
  readonly #journal: Journal;
  readonly #index: KeyIndex;
  readonly #history: History;
  readonly #hub: WatchHub;
  readonly #queue: WriteQueue;
  readonly #leases: LeaseTable;
  #revision: number;
  /** The newest revision that was given out; it may still be on its way to the disk. */
  #accepted: number;
  #compactRevision: number;
  #nextLease: number;
  /** Revisions that a snapshot is reading; compaction leaves what they need. */
  readonly #pins = new Set<{ readonly revision: number }>();
  #compacting: Promise<void> | undefined;
  #ended: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(journal: Journal, recovered: Recovered, clock: Clock) {
    const { index, history, garbage } = rebuild(recovered);
    this.#journal = journal;
    this.#index = index;
    this.#history = history;
    this.#revision = this.#accepted = recovered.revision;
    this.#compactRevision = recovered.compactRevision;
    this.#nextLease = recovered.nextLease;
    this.#hub = new WatchHub(history, (version) => this.#toEvent(version));
    this.#queue = new WriteQueue({
      journal,
      standing: () => ({ compactRevision: this.#compactRevision, nextLease: this.#nextLease }),
      onDurable: (work) => this.#publish(work),
      onLost: (lost, error) => this.#lose(lost, error),
    });
    this.#leases = new LeaseTable(clock, (id) => this.#expire(id));
    for (const lease of recovered.leases) this.#leases.add(lease);
    index.visit("", END_OF_KEYS, ({ key, lease }) => this.#leases.attach(lease, key));
    if (garbage.length > 0) this.#inBackground(this.#write({ removed: garbage }));
  }

  readonly isShared = false;

  get revision(): number {
    return this.#revision;
  }

  latest(): number {
    return this.#revision;
  }

  async get(key: string, { revision, signal }: ReadOptions = {}) {
    signal?.throwIfAborted();
    this.#assertOpen();
    const version = liveAt(this.#index.get(key), this.#readable(revision));
    return { revision: this.#revision, entry: version && this.#toEntry(version) };
  }

  async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    const { limit = Infinity, keysOnly = false } = options;
    const asOf = this.#readable(options.revision);
    const entries: Entry[] = [];
    const room = new SharedRoom();
    let count = 0;
    this.#index.visit(start, end, (newest) => {
      const version = liveAt(newest, asOf);
      if (version === undefined || count++ >= limit) return;
      entries.push(keysOnly ? entryOf(version, NO_BYTES) : this.#toEntry(version, room));
    });
    return { revision: this.#revision, entries, count };
  }

  async commit(guards: readonly Guard[], changes: readonly Change[]): Promise<CommitResult> {
    checkCommit(guards, changes);
    this.#assertOpen();
    if (!guards.every(({ key, modRevision }) => this.#acceptedModRevision(key) === modRevision)) {
      return this.#refuse(guards);
    }
    for (const change of changes) this.#assertAcceptable(change);
    const versions = this.#accept(changes);
    const revision = this.#accepted;
    await this.#write({ versions });
    return { succeeded: true, revision };
  }

  watch(start: string, end: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    return this.#hub.watch(start, end, options);
  }

  async sizeBytes(): Promise<number | undefined> {
    this.#assertOpen();
    return this.#journal.sizeBytes();
  }

  requestProgress(): void {
    this.#hub.requestProgress();
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision > this.#revision) throw new FutureRevision(`revision ${revision} has not happened yet`);
    if (revision > this.#compactRevision) {
      this.#compactRevision = revision;
      this.#hub.compacted(revision);
    }
    await this.#forget();
  }

  async grantLease(ttlSeconds: number): Promise<number> {
    this.#assertOpen();
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0 || ttlSeconds >= 2 ** 32) {
      throw new InvalidRequest("the time to live of a lease is a whole number of seconds above 0");
    }
    const lease = { id: this.#nextLease++, ttlSeconds };
    this.#leases.add(lease);
    await this.#write({ granted: [lease] });
    return lease.id;
  }

  async renewLease(lease: number): Promise<void> {
    this.#assertOpen();
    this.#leases.renew(lease);
  }

  async revokeLease(id: number): Promise<void> {
    this.#assertOpen();
    const { lease, keys } = this.#leases.remove(id);
    const versions = this.#accept(keys.map((key) => ({ type: "delete", key })));
    await this.#write({ versions, revoked: [lease] });
  }

  async *snapshot({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array> {
    this.#assertOpen();
    const pin = { revision: this.#revision };
    this.#pins.add(pin);
    try {
      const heading = { revision: pin.revision, nextLease: this.#nextLease, leases: this.#leases.all() };
      yield* writeSnapshot(heading, this.#pages(pin.revision, signal));
    } finally {
      this.#pins.delete(pin);
      if (!this.#ended) this.#inBackground(this.#forget());
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ended ??= new StoreClosed("the store is closed");
    this.#leases.close();
    this.#hub.end();
    await this.#queue.drained();
    await this.#journal.close();
  }

  #assertOpen(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Nothing more is served: the first error is what every later call hears. */
  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    log.error("store failed", { error });
    this.#leases.close();
    this.#hub.end(error);
  }

  // Reading

  #readable(revision: number | undefined): number {
    if (revision === undefined) return this.#revision;
    if (revision > this.#revision) throw new FutureRevision(`revision ${revision} has not happened yet`);
    if (revision < this.#compactRevision) throw new Compacted(this.#compactRevision);
    return revision;
  }

  #toEntry(version: Version, room: Room = ownRoom): Entry {
    return entryOf(version, version.value ?? this.#readBack(version, room));
  }

  #readBack(version: Version, room: Room): Uint8Array {
    try {
      return this.#journal.value(version, room);
    } catch (error) {
      if (error instanceof Damaged) this.#fail(error);
      throw error;
    }
  }

  #toEvent(version: Version): StoreEvent {
    const { key, deleted } = version;
    return {
      type: deleted ? "delete" : "put",
      key,
      entry: deleted ? undefined : this.#toEntry(version),
    };
  }

  async *#pages(asOf: number, signal: AbortSignal | undefined): AsyncGenerator<readonly Entry[]> {
    for (let next: string | undefined = ""; next !== undefined;) {
      signal?.throwIfAborted();
      this.#assertOpen();
      const start: string = next;
      const page: Entry[] = [];
      const room = new SharedRoom();
      next = undefined;
      this.#index.visit(start, END_OF_KEYS, (newest) => {
        const version = liveAt(newest, asOf);
        if (version) page.push(this.#toEntry(version, room));
        if (page.length < SNAPSHOT_PAGE_ENTRIES) return true;
        next = `${newest.key}\0`;
        return false;
      });
      yield page;
    }
  }

  // Writing

  #acceptedModRevision(key: string): number {
    return liveAt(this.#index.get(key), this.#accepted)?.modRevision ?? 0;
  }

  #assertAcceptable(change: Change): void {
    if (change.type === "delete") return;
    const { lease = 0, value } = change;
    if (lease !== 0 && !this.#leases.has(lease)) throw new LeaseNotFound(lease);
    this.#queue.assertRoom(value.length);
  }

  /** The answer to a guard that does not hold may rest on what is not durable yet, so it waits too. */
  async #refuse(guards: readonly Guard[]): Promise<CommitResult> {
    const revision = this.#accepted;
    const entries = guards.map(({ key }) => {
      const version = liveAt(this.#index.get(key), revision);
      return version && this.#toEntry(version);
    });
    await this.#write({});
    return { succeeded: false, revision, entries };
  }

  /** Gives the changes a revision and makes them what later guards are checked against. */
  #accept(changes: readonly Change[]): Version[] {
    const revision = this.#accepted + 1;
    const versions: Version[] = [];
    for (const change of changes) {
      const older = this.#index.get(change.key);
      const exists = older !== undefined && !older.deleted;
      if (change.type === "delete" && !exists) continue;
      const sub = versions.length;
      const version =
        change.type === "delete"
          ? new Version(change.key, 0, revision, sub, 0, NO_BYTES, older)
          : new Version(
              change.key,
              exists ? older.createRevision : revision,
              revision,
              sub,
              change.lease ?? 0,
              change.value,
              older,
            );
      versions.push(version);
    }
    for (const version of versions) {
      this.#index.set(version);
      this.#moveLease(version.older, version);
    }
    if (versions.length > 0) this.#accepted = revision;
    return versions;
  }

  #write(work: Partial<Work>): Promise<void> {
    const { versions = [], removed = [], granted = [], revoked = [] } = work;
    const changes = versions.length + removed.length + granted.length + revoked.length;
    if (changes === 0 && this.#queue.idle) return Promise.resolve();
    return this.#queue.add({ versions, removed, granted, revoked, revision: this.#accepted });
  }

  /** Readers and watchers see what has become durable. */
  #publish({ versions, revision }: Work): void {
    if (versions.length === 0) return;
    this.#history.append(versions);
    this.#revision = revision;
    this.#hub.publish();
    this.#journal.published(versions);
  }

  /** A full disk passes; after any other failure to write nobody knows what the file is worth. */
  #lose(lost: readonly Work[], error: Error): void {
    for (const work of lost) this.#undo(work);
    if (!(error instanceof NoSpace)) this.#fail(error);
  }

  /** Takes back what could not be made durable; called newest first. */
  #undo({ versions, granted, revoked }: Work): void {
    for (const { id } of granted) if (this.#leases.has(id)) this.#leases.remove(id);
    for (const lease of revoked) this.#leases.add(lease);
    for (const version of versions.toReversed()) {
      const { older } = version;
      if (older === undefined) this.#index.delete(version.key);
      else this.#index.set(older);
      this.#moveLease(version, older);
    }
    if (versions.length > 0) this.#accepted--;
  }

  #moveLease(from: Version | undefined, to: Version | undefined): void {
    if (from) this.#leases.detach(from.lease, from.key);
    if (to) this.#leases.attach(to.lease, to.key);
  }

  #expire(lease: number): void {
    log.debug("lease expired", { lease });
    this.#inBackground(this.revokeLease(lease));
  }

  // Forgetting

  /** One at a time, and as far as no snapshot needs what is forgotten. */
  async #forget(): Promise<void> {
    while (this.#compacting) await this.#compacting;
    this.#compacting = this.#forgetAll();
    try {
      await this.#compacting;
    } finally {
      this.#compacting = undefined;
    }
  }

  async #forgetAll(): Promise<void> {
    while (!this.#ended) {
      const revision = Math.min(this.#compactRevision, ...[...this.#pins].map((pin) => pin.revision));
      const removed = forgetHistory(this.#index, this.#history, revision, FORGOTTEN_RECORDS_MAX);
      if (removed.length === 0) return;
      await this.#write({ removed });
    }
  }

  /** Nobody waits for this; what goes wrong is done again after the next start. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#ended) log.error("background write failed", { error: asError(error) });
    });
  }
}
