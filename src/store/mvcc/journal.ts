import type { Room } from "./room.ts";
import type { Version } from "./version.ts";

export interface Lease {
  readonly id: number;
  readonly ttlSeconds: number;
}

/** What becomes durable together, or not at all. */
export interface JournalWrite {
  /** In order of revision and place; all carry their values. */
  readonly versions: readonly Version[];
  /** Records that compaction gives up. */
  readonly removed: readonly Version[];
  readonly granted: readonly Lease[];
  readonly revoked: readonly Lease[];
  /** The newest revision, with this write in it. */
  readonly revision: number;
  readonly compactRevision: number;
  readonly nextLease: number;
}

/** Where versions live on: what the memory engine and the disk engine differ in. */
export interface Journal {
  /** Undefined when it is done at once, else resolves when the write would survive a power cut. One at a time. */
  write(write: JournalWrite): Promise<void> | undefined;
  /** The bytes of a version that was written, copied into the room. Throws `Damaged`. */
  value(version: Version, room: Room): Uint8Array;
  /** These were written and nobody waits for them any more; the journal may let go of their values. */
  published(versions: readonly Version[]): void;
  /** Of its file; undefined where it has none. */
  sizeBytes(): number | undefined;
  close(): Promise<void>;
}

/** What a journal held when it was opened. */
export interface Recovered {
  readonly revision: number;
  readonly compactRevision: number;
  readonly nextLease: number;
  readonly leases: readonly Lease[];
  /** Every record, in order of revision and place, with `older` unset. */
  readonly versions: Iterable<Version>;
}

export const NOTHING: Recovered = {
  revision: 0,
  compactRevision: 0,
  nextLease: 1,
  leases: [],
  versions: [],
};
