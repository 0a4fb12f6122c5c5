import { SharedRoom } from "../mvcc/room.ts";
import type { Version } from "../mvcc/version.ts";
import { Damaged } from "../store.ts";
import type { TreeReader } from "./file-check.ts";
import { decodeRecord, RECORD_ID_BYTES, recordValue, writeRecordId } from "./record.ts";

/** The tree that holds the versions. */
export const LOG = "log";

/**
 * What a server that starts writes before it has read everything is less than this; what is still kept after so many
 * writes, nobody asks for.
 */
const WRITES_MAX = 1_000;
/** So many bytes of values are kept at most for who asks first. */
const KEPT_BYTES_MAX = 2 ** 30;

/**
 * What the check of the file finds in the log. Nearly always the newest value of every key is asked for next, so these
 * are kept, each until it is asked for once.
 */
export class RecoveredLog implements TreeReader {
  readonly name = LOG;
  readonly #id = Buffer.alloc(RECORD_ID_BYTES);
  readonly #room = new SharedRoom();
  readonly #known = new Set<string>();
  readonly #versions: Version[] = [];
  readonly #values = new Map<Version, Uint8Array>();
  #keptBytes = 0;
  #writes = 0;

  read(key: Buffer, data: Buffer): void {
    const version = decodeRecord(data);
    writeRecordId(this.#id, version.modRevision, version.sub);
    if (!this.#id.equals(key)) throw new Damaged("a record of the store stands in a wrong place");
    this.#versions.push(version);
    if (this.#known.has(version.key)) return;
    this.#known.add(version.key);
    if (version.deleted || this.#keptBytes + data.length > KEPT_BYTES_MAX) return;
    this.#keptBytes += data.length;
    this.#values.set(version, recordValue(data, version, this.#room));
  }

  /** All versions, in order of revision and place. They are handed over, not kept. */
  takeVersions(): readonly Version[] {
    const versions = this.#versions.toReversed();
    this.#versions.length = 0;
    this.#known.clear();
    return versions;
  }

  /** The value of a version that is still kept; from now on it is not. */
  take(version: Version): Uint8Array | undefined {
    const value = this.#values.get(version);
    if (value) this.#values.delete(version);
    return value;
  }

  /** Something is written. */
  written(): void {
    if (this.#writes < WRITES_MAX && ++this.#writes === WRITES_MAX) this.#values.clear();
  }
}
