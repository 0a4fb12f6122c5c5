import { createHash } from "node:crypto";
import { Damaged, WrongFormat, type Entry } from "./store.ts";

/**
 * A snapshot file: a line that names the format, then frames of `u32 length, u8 kind, body`. The last frame
 * holds the SHA-256 of every byte before it, so a file that is cut short or changed is noticed. Numbers are
 * big-endian.
 */
/** With what a snapshot file begins. */
export const FORMAT_NAME = "k8ts store snapshot ";
const FORMAT_LINE = `${FORMAT_NAME}1\n`;
const FRAME_HEAD_BYTES = 5;
const FRAME_BYTES_MAX = 2 ** 30;
const ENTRY_HEAD_BYTES = 26;
const DIGEST_BYTES = 32;

const HEADING = 0x48;
const ENTRY = 0x45;
const END = 0x5a;

export interface SnapshotHeading {
  readonly revision: number;
  readonly nextLease: number;
  readonly leases: readonly { readonly id: number; readonly ttlSeconds: number }[];
}

export interface Snapshot {
  readonly heading: SnapshotHeading;
  /** Throws `Damaged` at the end when the file is not what was written: nothing may be used before that. */
  readonly entries: AsyncIterable<Entry>;
}

/** The bytes of a snapshot, one piece for every page of entries. */
export async function* writeSnapshot(
  heading: SnapshotHeading,
  pages: AsyncIterable<readonly Entry[]>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  const hashed = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    return bytes;
  };
  yield hashed(Buffer.from(FORMAT_LINE, "latin1"));
  yield hashed(frame(HEADING, Buffer.from(JSON.stringify(heading))));
  for await (const page of pages) {
    if (page.length > 0) yield hashed(Buffer.concat(page.map((entry) => frame(ENTRY, encodeEntry(entry)))));
  }
  yield frame(END, hash.digest());
}

/** Reads the heading; the entries follow as they are asked for. */
export async function readSnapshot(stream: AsyncIterable<Uint8Array>): Promise<Snapshot> {
  const reader = new Reader(stream);
  const line = (await reader.take(FORMAT_LINE.length)).toString("latin1");
  if (line !== FORMAT_LINE) {
    if (!line.startsWith(FORMAT_NAME)) throw new WrongFormat("this is not a snapshot of a k8ts store");
    throw new WrongFormat(
      `the snapshot has format ${line.slice(FORMAT_NAME.length).trim()}, this program reads 1`,
    );
  }
  const head = await readFrame(reader);
  if (head.kind !== HEADING) throw new Damaged("the snapshot has no heading");
  return { heading: parseHeading(head.body), entries: readEntries(reader) };
}

async function* readEntries(reader: Reader): AsyncGenerator<Entry> {
  for (;;) {
    const before = reader.digest();
    const { kind, body } = await readFrame(reader);
    if (kind === ENTRY) yield decodeEntry(body);
    else if (kind === END) return checkEnd(reader, before, body);
    else throw new Damaged("the snapshot has a frame of an unknown kind");
  }
}

async function checkEnd(reader: Reader, expected: () => Buffer, body: Buffer): Promise<void> {
  if (body.length !== DIGEST_BYTES || !body.equals(expected()))
    throw new Damaged("the snapshot's checksum is wrong");
  if (!(await reader.atEnd())) throw new Damaged("the snapshot goes on after its end");
}

function frame(kind: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt8(kind, 4);
  bytes.set(body, FRAME_HEAD_BYTES);
  return bytes;
}

async function readFrame(reader: Reader): Promise<{ kind: number; body: Buffer }> {
  const head = await reader.take(FRAME_HEAD_BYTES);
  const length = head.readUInt32BE(0);
  if (length > FRAME_BYTES_MAX) throw new Damaged("the snapshot has a frame of an impossible length");
  return { kind: head.readUInt8(4), body: await reader.take(length) };
}

function encodeEntry({ key, value, createRevision, modRevision, lease }: Entry): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_HEAD_BYTES + key.length + value.length);
  bytes.writeBigUInt64BE(BigInt(createRevision), 0);
  bytes.writeBigUInt64BE(BigInt(modRevision), 8);
  bytes.writeBigUInt64BE(BigInt(lease), 16);
  bytes.writeUInt16BE(key.length, 24);
  bytes.write(key, ENTRY_HEAD_BYTES, "latin1");
  bytes.set(value, ENTRY_HEAD_BYTES + key.length);
  return bytes;
}

function decodeEntry(body: Buffer): Entry {
  if (body.length < ENTRY_HEAD_BYTES) throw new Damaged("the snapshot has an entry that is too short");
  const valueStart = ENTRY_HEAD_BYTES + body.readUInt16BE(24);
  if (body.length < valueStart) throw new Damaged("the snapshot has an entry that is too short");
  return {
    key: body.toString("latin1", ENTRY_HEAD_BYTES, valueStart),
    value: new Uint8Array(body.subarray(valueStart)),
    createRevision: Number(body.readBigUInt64BE(0)),
    modRevision: Number(body.readBigUInt64BE(8)),
    lease: Number(body.readBigUInt64BE(16)),
  };
}

function parseHeading(body: Buffer): SnapshotHeading {
  try {
    return JSON.parse(body.toString()) as SnapshotHeading;
  } catch (cause) {
    throw new Damaged("the snapshot's heading cannot be read", { cause });
  }
}

/** Takes exact lengths from a stream of pieces, hashing what it hands out. */
class Reader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length - this.#rest.length;
    while (missing > 0) {
      parts.push(this.#rest);
      const piece = await this.#pieces.next();
      if (piece.done) throw new Damaged("the snapshot ends too early");
      this.#rest = Buffer.from(piece.value.buffer, piece.value.byteOffset, piece.value.byteLength);
      missing -= this.#rest.length;
    }
    const all = parts.length === 0 ? this.#rest : Buffer.concat([...parts, this.#rest]);
    this.#rest = all.subarray(length);
    const taken = all.subarray(0, length);
    this.#hash.update(taken);
    return taken;
  }

  /** What the digest of everything taken so far would be. */
  digest(): () => Buffer {
    const copy = this.#hash.copy();
    return () => copy.digest();
  }

  async atEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const piece = await this.#pieces.next();
      if (piece.done) return true;
      this.#rest = Buffer.from(piece.value);
    }
    return false;
  }
}
