import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Damaged } from "../store.ts";

/*
 * The file of etcd's database, read only. Little-endian:
 *   page    u64 number · u16 flags · u16 count · u32 overflow pages · elements
 *   branch  u32 place of the key, from this element · u32 key size · u64 page
 *   leaf    u32 flags · u32 place of the key, from this element · u32 key size · u32 value size
 *   bucket  a leaf's value: u64 root page · u64 sequence · where the root is 0, the page itself
 *   meta    u32 magic · u32 version · u32 page size · u32 flags · bucket · u64 free list · u64 pages ·
 *           u64 transaction · u64 FNV-1a of all that
 */
const PAGE_HEADER = 16;
const BRANCH_ELEMENT = 16;
const LEAF_ELEMENT = 16;
const BUCKET_HEADER = 16;
const META_BYTES = 64;
const META_MAGIC = 0xed0cdaed;
const META_VERSION = 2;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
const IS_BRANCH = 0x01;
const IS_LEAF = 0x02;
const IS_BUCKET = 0x01;
const DEPTH_MAX = 64;

interface Meta {
  readonly pageBytes: number;
  readonly root: number;
  readonly transaction: bigint;
}

interface Pair {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
}

/** Buckets of key-value pairs in key order. Reads as it goes; throws `Damaged` where the file makes no sense. */
export class BoltFile {
  readonly #fd: number;
  readonly #bytes: number;
  readonly #meta: Meta;

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    try {
      this.#bytes = fstatSync(this.#fd).size;
      this.#meta = this.#newestMeta();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Nothing when there is no such bucket. */
  *bucket(name: string): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
    const found = this.#walk(this.#page(this.#meta.root), 0).find(
      ({ key, isBucket }) => isBucket && key.toString("latin1") === name,
    );
    if (!found) return;
    const root = numberAt(found.value, 0);
    yield* this.#walk(root === 0 ? found.value.subarray(BUCKET_HEADER) : this.#page(root), 0);
  }

  close(): void {
    closeSync(this.#fd);
  }

  *#walk(page: Buffer, depth: number): Generator<Pair, undefined> {
    if (depth > DEPTH_MAX) throw damaged("a tree that does not end");
    const [flags, count] = [within(page, 8, 2).readUInt16LE(), within(page, 10, 2).readUInt16LE()];
    for (let index = 0; index < count; index++) {
      if (flags & IS_BRANCH) {
        const at = PAGE_HEADER + index * BRANCH_ELEMENT;
        yield* this.#walk(this.#page(numberAt(page, at + 8)), depth + 1);
      } else if (flags & IS_LEAF) yield leafAt(page, PAGE_HEADER + index * LEAF_ELEMENT);
      else throw damaged("a page of an unexpected kind");
    }
    return undefined;
  }

  #page(number: number): Buffer {
    const { pageBytes } = this.#meta;
    const head = this.#read(number * pageBytes, PAGE_HEADER);
    return this.#read(number * pageBytes, (head.readUInt32LE(12) + 1) * pageBytes);
  }

  #read(at: number, length: number): Buffer {
    if (at + length > this.#bytes) throw damaged("a page behind its end");
    const bytes = Buffer.allocUnsafe(length);
    if (readSync(this.#fd, bytes, 0, length, at) !== length) throw damaged("a page that cannot be read");
    return bytes;
  }

  /** Of the two that are written in turn, one is always whole. */
  #newestMeta(): Meta {
    const first = this.#metaAt(0);
    const sizes = first ? [first.pageBytes] : powersOfTwo(PAGE_BYTES_MIN, PAGE_BYTES_MAX);
    const second = sizes.map((size) => this.#metaAt(size)).find((meta) => meta !== undefined);
    if (!first && !second) throw damaged("no valid head");
    if (!first || (second && second.transaction > first.transaction)) return second!;
    return first;
  }

  #metaAt(at: number): Meta | undefined {
    if (at + PAGE_HEADER + META_BYTES > this.#bytes) return undefined;
    const meta = this.#read(at + PAGE_HEADER, META_BYTES);
    if (meta.readUInt32LE(0) !== META_MAGIC || meta.readUInt32LE(4) !== META_VERSION) return undefined;
    if (meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) return undefined;
    return {
      pageBytes: meta.readUInt32LE(8),
      root: numberAt(meta, 16),
      transaction: meta.readBigUInt64LE(48),
    };
  }
}

function leafAt(page: Buffer, at: number): Pair {
  const element = within(page, at, LEAF_ELEMENT);
  const [flags, place] = [element.readUInt32LE(0), element.readUInt32LE(4)];
  const [keyBytes, valueBytes] = [element.readUInt32LE(8), element.readUInt32LE(12)];
  const pair = within(page, at + place, keyBytes + valueBytes);
  return {
    key: pair.subarray(0, keyBytes),
    value: pair.subarray(keyBytes),
    isBucket: (flags & IS_BUCKET) !== 0,
  };
}

function within(page: Buffer, at: number, length: number): Buffer {
  if (at + length > page.length) throw damaged("a record behind the end of its page");
  return page.subarray(at, at + length);
}

function numberAt(bytes: Buffer, at: number): number {
  const number = Number(within(bytes, at, 8).readBigUInt64LE());
  if (!Number.isSafeInteger(number)) throw damaged("a page number that cannot be");
  return number;
}

const powersOfTwo = (from: number, to: number): number[] =>
  from > to ? [] : [from, ...powersOfTwo(from * 2, to)];

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

function fnv1a(bytes: Uint8Array): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}

const damaged = (what: string): Damaged => new Damaged(`the snapshot of etcd has ${what}`);
