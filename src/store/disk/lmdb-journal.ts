import { closeSync, fsyncSync, mkdirSync, openSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { open, type Database, type RootDatabase } from "lmdb";
import { asError } from "#base/attempt";
import type { Journal, JournalWrite, Lease, Recovered } from "../mvcc/journal.ts";
import type { Room } from "../mvcc/room.ts";
import type { Version } from "../mvcc/version.ts";
import { Damaged, NoSpace } from "../store.ts";
import { checkFile } from "./file-check.ts";
import { LOG, RecoveredLog } from "./recovered-log.ts";
import { lockDirectory, type DirectoryLock } from "./lock.ts";
import {
  decodeLease,
  encodeLease,
  encodeRecord,
  RECORD_ID_BYTES,
  recordBytes,
  valueIn,
  writeRecordId,
} from "./record.ts";
import { CHECKSUM_MODULUS, decodeState, encodeState, FORMAT, type StoreState } from "./state.ts";

const DATA_FILE = "store.mdb";
const STATE_KEY = Buffer.from("state");
/** Room to encode a group of records in that is kept between groups. */
const ARENA_BYTES = 2 ** 20;

/** Writes stop when the disk has less than this left. */
const SPACE_RESERVE_BYTES = 16 * 2 ** 20;
/** A record may take so many times its size: whole pages for it, and copies of those that lead there. */
const SPACE_FACTOR = 4;

type Records = Database<Buffer, Buffer>;

/**
 * Versions in an LMDB file, every one once, under its revision: the history for watchers and the values for
 * readers are the same records. What is newest of each key is rebuilt from them at start.
 */
export class LmdbJournal implements Journal {
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #log: Records;
  readonly #leases: Records;
  #state: StoreState;
  #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  /** Keys are copied by LMDB when they are named, so one buffer does for all. */
  readonly #id = Buffer.alloc(RECORD_ID_BYTES);
  /** What the check of the file has read, until somebody asks for it. */
  readonly #recovered: RecoveredLog;

  /** Opens the store in the directory, or makes a new one there. `id` names a new store. */
  static open(directory: string, id: () => string): LmdbJournal {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = lockDirectory(directory);
    try {
      return new LmdbJournal(directory, lock, id);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(directory: string, lock: DirectoryLock, id: () => string) {
    this.#directory = directory;
    this.#lock = lock;
    const path = join(directory, DATA_FILE);
    createFile(directory, path);
    this.#recovered = new RecoveredLog();
    checkFile(path, this.#recovered);
    this.#root = naming(path, () =>
      open<Buffer, Buffer>({
        path,
        noSubdir: true,
        maxDbs: 2,
        encoding: "binary",
        keyEncoding: "binary",
        // A transaction is then on disk when its promise resolves: one fdatasync for the data, one write through for the root.
        overlappingSync: false,
        // Groups are ours; LMDB's own would leave promises behind whose failure nobody can hear.
        eventTurnBatching: false,
      }),
    );
    this.#log = naming(path, () =>
      this.#root.openDB({ name: LOG, encoding: "binary", keyEncoding: "binary" }),
    );
    this.#leases = naming(path, () =>
      this.#root.openDB({ name: "leases", encoding: "binary", keyEncoding: "binary" }),
    );
    this.#state = naming(path, () => this.#readState(id));
  }

  /** All there is; reading `versions` to the end verifies that nothing is missing. */
  recover(): Recovered {
    const { revision, compactRevision, nextLease } = this.#state;
    const tally = new Tally();
    const leases = this.#readLeases(tally);
    return { revision, compactRevision, nextLease, leases, versions: this.#verified(tally) };
  }

  async write(write: JournalWrite): Promise<void> {
    this.#recovered.written();
    const tally = new Tally(this.#state);
    const room = write.versions.reduce((sum, version) => sum + aligned(recordBytes(version)), 0);
    this.#assertSpace(write.versions.length > 0 ? room : 0);
    const arena = room <= this.#arena.length ? this.#arena : Buffer.allocUnsafeSlow(room);
    let next: StoreState = this.#state;
    const durable = this.#root.batch(() => {
      let at = 0;
      for (const version of write.versions) {
        const record = arena.subarray(at, at + recordBytes(version));
        version.checksum = encodeRecord(record, version);
        tally.add(version.checksum);
        void this.#log.put(this.#idOf(version), record);
        at += aligned(record.length);
      }
      for (const version of write.removed) {
        tally.remove(version.checksum);
        void this.#log.remove(this.#idOf(version));
      }
      this.#writeLeases(write, tally);
      const { revision, compactRevision, nextLease } = write;
      next = { ...this.#state, revision, compactRevision, nextLease, ...tally.totals };
      void this.#root.put(STATE_KEY, encodeState(next));
    });
    await durable.catch(rethrowCause);
    this.#state = next;
    // Reads until now may have used a view of before.
    this.#root.resetReadTxn();
  }

  value(version: Version, room: Room): Uint8Array {
    return (
      this.#recovered.take(version) ?? valueIn(this.#log.getBinaryFast(this.#idOf(version)), version, room)
    );
  }

  /** From here on the memory map holds the bytes. */
  published(versions: readonly Version[]): void {
    for (const version of versions) version.value = undefined;
  }

  sizeBytes(): number {
    return statSync(join(this.#directory, DATA_FILE)).size;
  }

  async close(): Promise<void> {
    await this.#root.close();
    this.#lock.release();
  }

  /**
   * LMDB must never meet a full disk, as its failure there harms the whole process. Giving up history needs a
   * little room too, but may still go on when nothing else can.
   */
  #assertSpace(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#directory);
    const needed = bytes > 0 ? SPACE_RESERVE_BYTES + SPACE_FACTOR * bytes : SPACE_RESERVE_BYTES / 4;
    if (bavail * bsize >= needed) return;
    throw new NoSpace(`${this.#directory} has only ${bavail * bsize} bytes left, a write needs ${needed}`);
  }

  /** The answer is good until the next call. */
  #idOf({ modRevision, sub }: Version): Buffer {
    writeRecordId(this.#id, modRevision, sub);
    return this.#id;
  }

  #readState(id: () => string): StoreState {
    const bytes = this.#root.getBinary(STATE_KEY);
    if (bytes) return decodeState(bytes);
    if (this.#log.getCount() > 0) throw new Damaged("the state of the store is missing");
    return {
      format: FORMAT,
      id: id(),
      revision: 0,
      compactRevision: 0,
      nextLease: 1,
      records: 0,
      checksum: 0,
    };
  }

  #writeLeases({ granted, revoked }: JournalWrite, tally: Tally): void {
    for (const lease of granted) {
      const record = encodeLease(lease);
      tally.add(decodeLease(record).checksum);
      void this.#leases.put(leaseId(lease), record);
    }
    for (const lease of revoked) {
      tally.remove(decodeLease(encodeLease(lease)).checksum);
      void this.#leases.remove(leaseId(lease));
    }
  }

  #readLeases(tally: Tally): Lease[] {
    const leases: Lease[] = [];
    for (const { value } of this.#leases.getRange({ start: Buffer.from([0]) })) {
      const { lease, checksum } = decodeLease(value);
      tally.add(checksum);
      leases.push(lease);
    }
    return leases;
  }

  /** The versions that the file holds, if they are all those that it should hold. */
  #verified(tally: Tally): readonly Version[] {
    const versions = this.#recovered.takeVersions();
    for (const version of versions) tally.add(version.checksum);
    const { records, checksum } = tally.totals;
    if (records === this.#state.records && checksum === this.#state.checksum) return versions;
    throw new Damaged(
      `the store should hold ${this.#state.records} records, but ${records} or others are there`,
    );
  }
}

/** Counts records and adds up their checksums. */
class Tally {
  #records: number;
  #checksum: number;

  constructor({ records, checksum }: Pick<StoreState, "records" | "checksum"> = { records: 0, checksum: 0 }) {
    this.#records = records;
    this.#checksum = checksum;
  }

  get totals(): Pick<StoreState, "records" | "checksum"> {
    return { records: this.#records, checksum: this.#checksum };
  }

  add(checksum: number): void {
    this.#records++;
    this.#checksum = (this.#checksum + checksum) % CHECKSUM_MODULUS;
  }

  remove(checksum: number): void {
    this.#records--;
    this.#checksum = (this.#checksum + CHECKSUM_MODULUS - checksum) % CHECKSUM_MODULUS;
  }
}

/** Records start on addresses that LMDB copies from quickly. */
const aligned = (bytes: number): number => (bytes + 7) & ~7;

function leaseId({ id }: Lease): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(id));
  return key;
}

/** LMDB rejects with one error that names no cause and promises a second one that does. */
async function rethrowCause(thrown: unknown): Promise<never> {
  const { commitError } = thrown as { readonly commitError?: Promise<never> };
  await Promise.race([commitError, new Promise((resolve) => setImmediate(resolve))]);
  throw thrown;
}

/** For its owner alone, as secrets are in it; its name is on disk before anything in it is acknowledged. */
function createFile(directory: string, path: string): void {
  closeSync(openSync(path, "a", 0o600));
  syncDirectory(directory);
}

/** Makes names that came into the directory survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** LMDB's own complaints about a file mean that it is damaged. */
function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const error = asError(thrown);
    if (!/MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|INCOMPATIBLE|PANIC|BAD_)/.test(error.message))
      throw error;
    throw new Damaged(`${path} is damaged: ${error.message}`, { cause: error });
  }
}
