import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import type { Snapshot } from "../snapshot.ts";
import { Damaged, type Entry } from "../store.ts";
import { BoltFile } from "./bolt-file.ts";
import { entryOf } from "./etcd-watch.ts";
import { KeyValue, StoredLease } from "./protocol.ts";

const DIGEST_BYTES = 32;
/** Files are whole blocks of the disk; the digest stands behind the last one. */
const BLOCK_BYTES = 512;
/** `u64 revision · "_" · u64 place in it`, big-endian, and a letter behind it where the key was deleted. */
const REVISION_BYTES = 17;
const PAGE_ENTRIES = 500;

/** A file that etcd's own tools write and read: its database, and the SHA-256 of that. Throws `Damaged`. */
export async function readEtcdSnapshot(path: string): Promise<Snapshot & { close(): void }> {
  await checkDigest(path);
  const file = new BoltFile(path);
  try {
    const { newest, revision } = newestOf(file);
    const leases = [...file.bucket("lease")].map(({ value }) => {
      const { id, ttl } = decodeProtobuf<StoredLease>(StoredLease, plain(value));
      return { id, ttlSeconds: ttl };
    });
    const nextLease = Math.max(0, ...leases.map(({ id }) => id)) + 1;
    return {
      heading: { revision, nextLease, leases },
      entries: entriesOf(file, newest),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function checkDigest(path: string): Promise<void> {
  const { size } = statSync(path);
  if (size % BLOCK_BYTES !== DIGEST_BYTES) throw new Damaged("the snapshot of etcd is not whole");
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: size - DIGEST_BYTES - 1 }))
    hash.update(chunk as Buffer);
  const [digest] = (await createReadStream(path, { start: size - DIGEST_BYTES }).toArray()) as [Buffer];
  if (!digest.equals(hash.digest())) throw new Damaged("the checksum of the snapshot of etcd is wrong");
}

/** The record that is newest of each key, deletions included; and the newest revision of all. */
function newestOf(file: BoltFile): { newest: ReadonlyMap<string, string>; revision: number } {
  const newest = new Map<string, string>();
  let revision = 0;
  for (const { key: id, value } of file.bucket("key")) {
    if (id.length < REVISION_BYTES) throw new Damaged("the snapshot of etcd has a record without a revision");
    const { key } = decodeProtobuf<KeyValue>(KeyValue, plain(value));
    newest.set(Buffer.from(key).toString("latin1"), id.toString("latin1"));
    revision = Math.max(revision, Number(id.readBigUInt64BE(0)));
  }
  return { newest, revision };
}

async function* entriesOf(file: BoltFile, newest: ReadonlyMap<string, string>): AsyncGenerator<Entry> {
  const live = new Set([...newest.values()].filter((id) => id.length === REVISION_BYTES));
  let since = 0;
  for (const { key: id, value } of file.bucket("key")) {
    if (!live.has(id.toString("latin1"))) continue;
    yield entryOf(decodeProtobuf<KeyValue>(KeyValue, plain(value)));
    // Others shall have their turn.
    if (++since % PAGE_ENTRIES === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Decoded values are slices: they must not hold on to a page that others share. */
const plain = (bytes: Buffer): Uint8Array => Uint8Array.from(bytes);
