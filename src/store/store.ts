/**
 * The store: keys and bytes under revisions that strictly grow, with etcd's promises. Every implementation runs
 * the contract suite in `suite.ts`.
 */
export interface Store {
  /** The newest revision this store has made durable and visible; of others' writes, as far as it has heard of them. */
  readonly revision: number;

  /** Other processes write to it, too. */
  readonly isShared: boolean;

  /** Every commit that was acknowledged before this call, to whomever, has this revision or an older one. */
  latest(): number | Promise<number>;

  /** The entry, or undefined; `revision` is the store's at the moment of the read. */
  get(
    key: string,
    options?: ReadOptions,
  ): Promise<{ readonly revision: number; readonly entry: Entry | undefined }>;

  /** Entries with `start <= key < end`, in key order (bytewise). */
  range(start: string, end: string, options?: RangeOptions): Promise<RangeResult>;

  /**
   * All or nothing, once durable. When every guard holds, the changes get one new revision; when one does not,
   * nothing changes and the answer carries the present entries of the guards' keys.
   */
  commit(guards: readonly Guard[], changes: readonly Change[]): Promise<CommitResult>;

  /**
   * Every change to keys in `[start, end)` after `afterRevision`, in revision order, complete and without
   * repetition. Fails with `Compacted` when that history is gone. A reader that falls too far behind has its
   * own stream ended with `SlowWatcher`.
   */
  watch(start: string, end: string, options: WatchOptions): AsyncIterable<WatchBatch>;

  /** Forgets history before `revision`; the newest value of each key stays. */
  compact(revision: number): Promise<void>;

  /** A lease that deletes its keys when it has not been renewed for `ttlSeconds`. */
  grantLease(ttlSeconds: number): Promise<number>;
  renewLease(lease: number): Promise<void>;
  revokeLease(lease: number): Promise<void>;

  /** Every open watch soon gets a batch, perhaps an empty one, that tells it has come at least this far. */
  requestProgress(): void;

  /** The whole store at one revision, as one file's bytes in the engine's own format; writes go on meanwhile. */
  snapshot(options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;

  /** Bytes of its file, or of its member of the cluster; undefined where it has none. */
  sizeBytes(options?: { readonly signal?: AbortSignal }): Promise<number | undefined>;

  /** Ends all watches, makes everything durable and lets go of files. */
  close(): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 0 when bound to none. */
  readonly lease: number;
}

export interface ReadOptions {
  /** Read as of this revision; by default the newest, linearizable. */
  readonly revision?: number;
  readonly signal?: AbortSignal;
}

export interface RangeOptions extends ReadOptions {
  /** At most this many entries; `count` still tells how many there are. */
  readonly limit?: number;
  /** Values are left empty. */
  readonly keysOnly?: boolean;
}

export interface RangeResult {
  readonly revision: number;
  readonly entries: readonly Entry[];
  /** All keys in the range at that revision. */
  readonly count: number;
}

/** Holds when the key's modRevision is this; 0: the key does not exist. */
export interface Guard {
  readonly key: string;
  readonly modRevision: number;
}

export type Change =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array; readonly lease?: number }
  | { readonly type: "delete"; readonly key: string };

export type CommitResult =
  | { readonly succeeded: true; readonly revision: number }
  | {
      readonly succeeded: false;
      readonly revision: number;
      readonly entries: readonly (Entry | undefined)[];
    };

export interface WatchOptions {
  readonly afterRevision: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** All changes of one revision in the range, or none: then it only tells how far the watch has come. */
export interface WatchBatch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  /** The new entry; for a delete undefined. */
  readonly entry: Entry | undefined;
}

/** The asked revision is older than what is kept. */
export class Compacted extends Error {
  override readonly name = "Compacted";
  /** 0 when the store behind does not tell. */
  readonly compactRevision: number;
  constructor(compactRevision: number) {
    super(`history before revision ${compactRevision} has been compacted`);
    this.compactRevision = compactRevision;
  }
}

/** The asked revision has not happened yet. */
export class FutureRevision extends Error {
  override readonly name = "FutureRevision";
}

/** This watch did not keep up and was ended. */
export class SlowWatcher extends Error {
  override readonly name = "SlowWatcher";
}

/** The lease was never granted, was revoked or has run out. */
export class LeaseNotFound extends Error {
  override readonly name = "LeaseNotFound";
  readonly lease: number;
  constructor(lease: number) {
    super(`lease ${lease} does not exist`);
    this.lease = lease;
  }
}

/** A request that no state of the store could satisfy, such as one key changed twice in one commit. */
export class InvalidRequest extends Error {
  override readonly name = "InvalidRequest";
}

/** The store was closed, or has failed and answers no more. */
export class StoreClosed extends Error {
  override readonly name = "StoreClosed";
}

/** The store behind does not answer; what was to be written may have been, or not. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** More waits to be written than the store will hold in memory. Try again later. */
export class StoreOverloaded extends Error {
  override readonly name = "StoreOverloaded";
}

/** What is to be written is more than the store behind takes at once. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** The disk is as good as full, so this was not written. Later writes succeed when there is room again. */
export class NoSpace extends Error {
  override readonly name = "NoSpace";
}

/** Another process has this data directory open. */
export class StoreLocked extends Error {
  override readonly name = "StoreLocked";
}

/** The data was written by another version of the program and cannot be read by this one. */
export class WrongFormat extends Error {
  override readonly name = "WrongFormat";
}

/** A file of the store is damaged; nothing of it is served. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** The first key after all keys with this prefix. */
export const prefixEnd = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
