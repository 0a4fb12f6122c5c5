import { crc32 } from "node:zlib";
import type { Lease } from "../mvcc/journal.ts";
import type { Room } from "../mvcc/room.ts";
import { Version } from "../mvcc/version.ts";
import { Damaged } from "../store.ts";

/*
 * A version on disk, numbers big-endian:
 *   u32 checksum of all that follows · u8 kind · u8 zero · u16 key length · u64 revision it was created in ·
 *   u64 revision · u32 place in the revision · u64 lease · key · value
 */
const CREATED_AT = 8;
const REVISION_AT = 16;
const SUB_AT = 24;
const LEASE_AT = 28;
const KEY_AT = 36;
const KIND_PUT = 1;
const KIND_DELETE = 2;

const LEASE_RECORD_BYTES = 16;
const CHECKSUM_BYTES = 4;
const SUB_BYTES = 4;

/** How records are found: revision and place, so that the order of keys is the order of events. */
export const RECORD_ID_BYTES = 12;

export function writeRecordId(target: Buffer, revision: number, sub: number): void {
  writeUint64(target, revision, 0);
  target.writeUInt32BE(sub, RECORD_ID_BYTES - SUB_BYTES);
}

export const recordBytes = (version: Version): number =>
  KEY_AT + version.key.length + (version.value?.length ?? 0);

/** Writes the record into a buffer of exactly its size; the answer is its checksum. */
export function encodeRecord(target: Buffer, version: Version): number {
  const { key, value } = version;
  target.writeUInt8(version.deleted ? KIND_DELETE : KIND_PUT, CHECKSUM_BYTES);
  target.writeUInt8(0, CHECKSUM_BYTES + 1);
  target.writeUInt16BE(key.length, CHECKSUM_BYTES + 2);
  writeUint64(target, version.createRevision, CREATED_AT);
  writeUint64(target, version.modRevision, REVISION_AT);
  target.writeUInt32BE(version.sub, SUB_AT);
  writeUint64(target, version.lease, LEASE_AT);
  target.write(key, KEY_AT, "latin1");
  if (value) target.set(value, KEY_AT + key.length);
  return seal(target);
}

/** Everything but the value, which stays where it is. */
export function decodeRecord(record: Buffer): Version {
  if (record.length < KEY_AT) throw new Damaged("a record of the store is too short");
  const checksum = checksumOf(record);
  const keyBytes = record.readUInt16BE(CHECKSUM_BYTES + 2);
  const deleted = record.readUInt8(CHECKSUM_BYTES) === KIND_DELETE;
  const version = new Version(
    record.toString("latin1", KEY_AT, KEY_AT + keyBytes),
    deleted ? 0 : readUint64(record, CREATED_AT),
    readUint64(record, REVISION_AT),
    record.readUInt32BE(SUB_AT),
    readUint64(record, LEASE_AT),
    undefined,
    undefined,
  );
  version.checksum = checksum;
  return version;
}

/**
 * A copy of the value inside the record of this version. Throws `Damaged` when it is another record, or not
 * whole. LMDB's buffer is larger than the record, whose end only its `length` tells.
 */
export function valueIn(record: Buffer | undefined, version: Version, room: Room): Uint8Array {
  const { key, modRevision, checksum } = version;
  if (record === undefined) throw new Damaged(`the record of ${key} at revision ${modRevision} is missing`);
  if (crc32(record.subarray(CHECKSUM_BYTES, record.length)) !== checksum) {
    throw new Damaged(`the record of ${key} at revision ${modRevision} has a wrong checksum`);
  }
  return recordValue(record, version, room);
}

/** A copy of the value inside the record of this version, which was verified. */
export const recordValue = (record: Buffer, { key }: Version, room: Room): Uint8Array =>
  room.copy(record, KEY_AT + key.length, record.length);

export function encodeLease({ id, ttlSeconds }: Lease): Buffer {
  const record = Buffer.allocUnsafe(LEASE_RECORD_BYTES);
  writeUint64(record, id, CHECKSUM_BYTES);
  record.writeUInt32BE(ttlSeconds, CHECKSUM_BYTES + 8);
  seal(record);
  return record;
}

export function decodeLease(record: Buffer): { readonly lease: Lease; readonly checksum: number } {
  if (record.length !== LEASE_RECORD_BYTES)
    throw new Damaged("a lease record of the store has a wrong length");
  const checksum = checksumOf(record);
  const id = readUint64(record, CHECKSUM_BYTES);
  return { lease: { id, ttlSeconds: record.readUInt32BE(CHECKSUM_BYTES + 8) }, checksum };
}

function seal(record: Buffer): number {
  const checksum = crc32(record.subarray(CHECKSUM_BYTES));
  record.writeUInt32BE(checksum, 0);
  return checksum;
}

function checksumOf(record: Buffer): number {
  const checksum = crc32(record.subarray(CHECKSUM_BYTES));
  if (record.readUInt32BE(0) !== checksum) throw new Damaged("a record of the store has a wrong checksum");
  return checksum;
}

function writeUint64(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  target.writeUInt32BE(value >>> 0, at + 4);
}

const readUint64 = (source: Buffer, at: number): number =>
  source.readUInt32BE(at) * 2 ** 32 + source.readUInt32BE(at + 4);
