import { asError } from "#base/attempt";
import type {
  Change,
  CommitResult,
  Entry,
  Guard,
  RangeOptions,
  RangeResult,
  ReadOptions,
  Store,
  StoreEvent,
  WatchBatch,
  WatchOptions,
} from "#store/store";
import { internalError } from "#machinery/status";
import { UnreadableValue } from "../storage/unreadable-value.ts";
import type { Encryption } from "./encryption.ts";
import type { Protection } from "./resource-transformers.ts";

/** What the store asks about its values. */
export type StoreEncryption = Pick<Encryption, "of" | "measure" | "missed">;

/** A store whose values of some kinds are encrypted on their way in and decrypted on their way out. */
export class EncryptedStore implements Store {
  readonly #inner: Store;
  readonly #encryption: StoreEncryption;

  constructor(inner: Store, encryption: StoreEncryption) {
    this.#inner = inner;
    this.#encryption = encryption;
  }

  get revision(): number {
    return this.#inner.revision;
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  latest(): number | Promise<number> {
    return this.#inner.latest();
  }

  async get(key: string, options?: ReadOptions) {
    const { revision, entry } = await this.#inner.get(key, options);
    return { revision, entry: entry && (await this.#opened(entry)) };
  }

  async range(start: string, end: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#inner.range(start, end, options);
    if (options?.keysOnly) return result;
    const entries = result.entries.map((entry) => this.#opened(entry));
    return { ...result, entries: await all(entries) };
  }

  async commit(guards: readonly Guard[], changes: readonly Change[]): Promise<CommitResult> {
    const result = await this.#inner.commit(
      guards,
      changes.map((change) => this.#sealed(change)),
    );
    if (result.succeeded) return result;
    return { ...result, entries: await all(result.entries.map((entry) => entry && this.#opened(entry))) };
  }

  async *watch(start: string, end: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    for await (const batch of this.#inner.watch(start, end, options)) {
      const touched = batch.events.some(({ key }) => this.#encryption.of(key));
      if (touched)
        yield { ...batch, events: await all(batch.events.map((event) => this.#openedEvent(event))) };
      else yield batch;
    }
  }

  /** Was the value that is stored now written with anything but the first key of the first provider? */
  async isStale(key: string): Promise<boolean> {
    const protection = this.#encryption.of(key);
    if (!protection) return false;
    const { entry } = await this.#inner.get(key);
    return entry !== undefined && (await this.#open(protection, entry)).stale;
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision);
  }

  grantLease(ttlSeconds: number): Promise<number> {
    return this.#inner.grantLease(ttlSeconds);
  }

  renewLease(lease: number): Promise<void> {
    return this.#inner.renewLease(lease);
  }

  revokeLease(lease: number): Promise<void> {
    return this.#inner.revokeLease(lease);
  }

  requestProgress(): void {
    this.#inner.requestProgress();
  }

  sizeBytes(options?: { readonly signal?: AbortSignal }): Promise<number | undefined> {
    return this.#inner.sizeBytes(options);
  }

  /** Values stay encrypted in it. */
  snapshot(options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array> {
    return this.#inner.snapshot(options);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #sealed(change: Change): Change {
    const protection = change.type === "put" ? this.#encryption.of(change.key) : undefined;
    if (change.type !== "put" || !protection) return change;
    const { providers, resource } = protection;
    const done = this.#encryption.measure("to_storage", resource);
    try {
      const value = providers.seal(change.value, change.key);
      done(providers.prefix, true);
      return { ...change, value };
    } catch (error) {
      done(providers.prefix, false);
      throw internalError(asError(error));
    }
  }

  async #open({ providers, resource }: Protection, { key, value }: Entry) {
    const done = this.#encryption.measure("from_storage", resource);
    try {
      const opened = await providers.open(value, key);
      done(opened.prefix, true);
      return opened;
    } catch (error) {
      done("unknown", false);
      this.#encryption.missed();
      throw new UnreadableValue(key, asError(error).message, { cause: error });
    }
  }

  #opened(entry: Entry): Entry | Promise<Entry> {
    const protection = this.#encryption.of(entry.key);
    if (!protection) return entry;
    return this.#open(protection, entry).then(
      ({ bytes }) => ({ ...entry, value: bytes }),
      (error: UnreadableValue) => new UnreadableEntry(entry, error),
    );
  }

  async #openedEvent(event: StoreEvent): Promise<StoreEvent> {
    const { entry } = event;
    return { ...event, entry: entry && (await this.#opened(entry)) };
  }
}

/** An entry that is there, and whose value nobody can read: that throws. */
class UnreadableEntry implements Entry {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: number;
  readonly #why: UnreadableValue;

  constructor({ key, createRevision, modRevision, lease }: Entry, why: UnreadableValue) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    this.lease = lease;
    this.#why = why;
  }

  get value(): Uint8Array {
    throw this.#why;
  }
}

/** Nothing waits where nothing has to. */
const all = <T>(items: readonly (T | Promise<T>)[]): readonly T[] | Promise<T[]> =>
  items.some((one) => one instanceof Promise) ? Promise.all(items) : (items as readonly T[]);
