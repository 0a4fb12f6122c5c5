import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { Damaged } from "../store.ts";

/*
 * LMDB trusts its file: a wrong page number makes it read outside its map and ends the process, and a search
 * that is led astray just finds nothing. So before LMDB opens a file we walk all its trees ourselves. What is
 * in the records is verified by their checksums, not here.
 *
 * The layout is that of LMDB data version 2 as lmdb-js writes it, on a little-endian machine:
 *   page     u64 number · u64 transaction · u16 pad · u16 flags · u16 lower · u16 upper (or u32 pages) · …
 *            lower and upper count from the end of this header; u16 offsets of the nodes follow it
 *   node     u16 lo · u16 hi · u16 flags · u16 key size · key · data
 *   tree     u32 pad · u16 flags · u16 depth · u64 branch, leaf, overflow pages · u64 entries · u64 root
 *   meta     u32 magic · u32 version · u64 address · u64 map size · tree (free pages) · tree (main) ·
 *            u64 last page · u64 transaction
 */
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
const TREE_BYTES = 48;
const OVERFLOW_REFERENCE_BYTES = 24;
const META_MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const FIRST_META_BYTES = 512;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 32_768;
const META_PAGES = 2;
const DEPTH_MAX = 32;

const PAGE_BRANCH = 0x01;
const PAGE_LEAF = 0x02;
const PAGE_OVERFLOW = 0x04;
const PAGE_META = 0x08;
const NODE_ON_OVERFLOW = 0x01;
const NODE_IS_TREE = 0x02;
/** Of the tree of free pages: integer keys, and that the file was opened by its own name. */
const FREE_TREE_FLAGS = 0x4008;
/** LMDB maps somewhat more than the file; never so much more. */
const MAP_SLACK = 64;
const SMALL_MAP_BYTES = 2 ** 30;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;

interface Tree {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Undefined when the tree is empty. */
  readonly root: number | undefined;
}

interface Meta {
  readonly pageBytes: number;
  readonly free: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly mapBytes: number;
  readonly transaction: number;
}

/** Hears of what one tree holds. The bytes are good until it returns. */
export interface TreeReader {
  readonly name: string;
  /** Called for the last key first. */
  read(key: Buffer, data: Buffer): void;
}

/**
 * Throws `Damaged` when LMDB could not safely open the file. A file that is missing or empty is a new one. The whole
 * file passes by on the way, so that whoever needs what is in a tree hears it here, and nobody reads it twice.
 */
export function checkFile(path: string, reader?: TreeReader): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    if (size > 0) new FileCheck(fd, size, reader).run();
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    throw new Damaged(`${path} is damaged: ${error.message}`, { cause: error });
  } finally {
    closeSync(fd);
  }
}

class FileCheck {
  readonly #pages: FileWindow;
  /** Long values stand on pages of their own, apart from those that lead there. */
  readonly #values: FileWindow;
  readonly #bytes: number;
  readonly #reader: TreeReader | undefined;
  readonly #meta: Meta;
  /** One bit for every page that something refers to. */
  readonly #used: Uint8Array;
  #claimed = 0;

  constructor(fd: number, bytes: number, reader: TreeReader | undefined) {
    this.#pages = new FileWindow(fd, bytes);
    this.#values = new FileWindow(fd, bytes);
    this.#bytes = bytes;
    this.#reader = reader;
    this.#meta = this.#newestMeta();
    this.#used = new Uint8Array(Math.floor(this.#meta.lastPage / 8) + 1);
    for (let page = 0; page < META_PAGES; page++) this.#claim(page, 1);
  }

  run(): void {
    const { free, main, lastPage } = this.#meta;
    const subtrees = new Map<string, Tree>();
    ensure(free.flags === FREE_TREE_FLAGS, "its tree of free pages is of a wrong kind");
    this.#walk(main, compareBytes, (flags, key, data) => {
      if (flags === NODE_IS_TREE) subtrees.set(nameOf(key), readTree(data, 0));
      else ensure((flags & ~NODE_ON_OVERFLOW) === 0, "a value is of a wrong kind");
    });
    for (const tree of [main, ...subtrees.values()]) ensure(tree.flags === 0, "a tree is of a wrong kind");
    for (const [name, tree] of subtrees) {
      const reader = this.#reader?.name === name ? this.#reader : undefined;
      this.#walk(tree, compareBytes, (flags, key, data) => {
        ensure((flags & ~NODE_ON_OVERFLOW) === 0, "a value is of a wrong kind");
        reader?.read(key, data);
      });
    }
    this.#walk(free, compareNumbers, (_flags, _key, data) => this.#claimFree(data));
    ensure(
      this.#claimed === lastPage + 1,
      `${lastPage + 1 - this.#claimed} of its pages are neither used nor free`,
    );
  }

  /** Both roots are written in turn, so the newest and the one before it are always there. */
  #newestMeta(): Meta {
    const first = this.#readMeta(0, 0);
    const second = this.#readMeta(1, first.pageBytes);
    ensure(second.pageBytes === first.pageBytes, "its roots differ in page size");
    const [newest, older] = first.transaction > second.transaction ? [first, second] : [second, first];
    const fresh = newest.transaction === 0;
    ensure(
      fresh || newest.transaction === older.transaction + 1,
      "one of its roots is not of the last transactions",
    );
    ensure(
      fresh || (newest.transaction & 1) === (newest === first ? 0 : 1),
      "its roots are in the wrong places",
    );
    const mapBytesMax = Math.max(SMALL_MAP_BYTES, MAP_SLACK * this.#bytes);
    for (const { lastPage, mapBytes } of [newest, older]) {
      ensure(
        mapBytes <= mapBytesMax && (lastPage + 1) * first.pageBytes <= mapBytes,
        "its size is impossible",
      );
    }
    return newest;
  }

  #readMeta(page: number, at: number): Meta {
    const bytes = this.#pages.read(at, FIRST_META_BYTES);
    ensure(readNumber(bytes, 0) === page && bytes.readUInt16LE(18) === PAGE_META, `page ${page} is no root`);
    const meta = bytes.subarray(PAGE_HEADER);
    ensure(meta.readUInt32LE(0) === META_MAGIC, "it is not an LMDB file");
    ensure((meta.readUInt32LE(4) & 0xffff) === DATA_VERSION, "it has another LMDB data version");
    const pageBytes = meta.readUInt32LE(24);
    const isPower = (pageBytes & (pageBytes - 1)) === 0;
    ensure(
      isPower && pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX,
      "its page size is impossible",
    );
    const trees = 24 + 2 * TREE_BYTES;
    return {
      pageBytes,
      free: readTree(meta, 24),
      main: readTree(meta, 24 + TREE_BYTES),
      lastPage: Math.max(readNumber(meta, trees), META_PAGES - 1),
      mapBytes: readNumber(meta, 16),
      transaction: readNumber(meta, trees + 8),
    };
  }

  /** Visits the leaf nodes of a tree, the last one first, and compares it with what is written of it. */
  #walk(tree: Tree, compare: (a: Buffer, b: Buffer) => number, visit: VisitNode): void {
    const found = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    // The key that was seen last: what comes now is smaller.
    let next: Buffer | undefined;
    const visitLeaf = (number: number, page: Buffer): void => {
      for (let place = nodeCount(page, number) - 1; place >= 0; place--) {
        const node = nodeAt(page, number, place);
        const key = keyOf(node, number);
        ensure(next === undefined || compare(key, next) < 0, `page ${number} is not in order`);
        next = key;
        found.entries++;
        visit(node.readUInt16LE(4), key, this.#dataOf(node, number, found));
      }
      next = next && Buffer.from(next);
    };
    const visitBranch = (number: number, page: Buffer, depth: number): void => {
      for (let place = nodeCount(page, number) - 1; place >= 0; place--) {
        const node = nodeAt(page, number, place);
        visitPage(childOf(node), depth + 1);
        // The first key of all has no separator.
        if (place === 0) continue;
        const separator = node.subarray(NODE_HEADER, NODE_HEADER + node.readUInt16LE(6));
        ensure(next === undefined || compare(separator, next) <= 0, `page ${number} is not in order`);
        next = separator;
      }
    };
    const visitPage = (number: number, depth: number): void => {
      const page = this.#page(number);
      const isLeaf = page.readUInt16LE(18) === PAGE_LEAF;
      ensure(isLeaf === (depth === tree.depth), `page ${number} is at a wrong depth`);
      if (isLeaf) found.leafPages++;
      else found.branchPages++;
      if (isLeaf) visitLeaf(number, page);
      else visitBranch(number, Buffer.from(page), depth);
    };
    ensure(
      tree.depth <= DEPTH_MAX && (tree.root === undefined) === (tree.depth === 0),
      "a tree has an impossible depth",
    );
    if (tree.root !== undefined) visitPage(tree.root, 1);
    for (const what of ["branchPages", "leafPages", "overflowPages", "entries"] as const) {
      ensure(found[what] === tree[what], `a tree should have ${tree[what]} ${what} but has ${found[what]}`);
    }
  }

  /** Data in the page, or on pages of its own. The bytes are good until the next. */
  #dataOf(node: Buffer, page: number, found: { overflowPages: number }): Buffer {
    const start = NODE_HEADER + node.readUInt16LE(6);
    const bytes = node.readUInt32LE(0);
    if ((node.readUInt16LE(4) & NODE_ON_OVERFLOW) === 0) {
      ensure(start + bytes <= node.length, `page ${page} has a node that is too long`);
      return node.subarray(start, start + bytes);
    }
    ensure(start + OVERFLOW_REFERENCE_BYTES <= node.length, `page ${page} has a node that is too long`);
    const first = readNumber(node, start);
    const pages = Math.ceil((PAGE_HEADER + bytes) / this.#meta.pageBytes);
    this.#claim(first, pages);
    const long = this.#values.read(first * this.#meta.pageBytes, PAGE_HEADER + bytes);
    const isOverflow = (long.readUInt16LE(18) & PAGE_OVERFLOW) !== 0 && readNumber(long, 0) === first;
    ensure(readNumber(long, 8) <= this.#meta.transaction, `page ${first} is of a transaction to come`);
    ensure(isOverflow && long.readUInt32LE(20) === pages, `page ${first} should begin a long value`);
    ensure(
      readNumber(node, start + 8) <= this.#meta.transaction,
      `page ${page} refers to a transaction to come`,
    );
    ensure(readNumber(node, start + 16) === pages, `page ${page} refers to a value of another length`);
    found.overflowPages += pages;
    return long.subarray(PAGE_HEADER);
  }

  /** A branch or leaf page, claimed for who asks. */
  #page(number: number): Buffer {
    this.#claim(number, 1);
    const page = this.#pages.read(number * this.#meta.pageBytes, this.#meta.pageBytes);
    const flags = page.readUInt16LE(18);
    ensure(readNumber(page, 0) === number, `page ${number} says it is another`);
    ensure(readNumber(page, 8) <= this.#meta.transaction, `page ${number} is of a transaction to come`);
    ensure(flags === PAGE_BRANCH || flags === PAGE_LEAF, `page ${number} is of a wrong kind`);
    return page;
  }

  /**
   * A record of free pages, none of which may be in use: how many numbers follow, then page numbers. A negative
   * number tells how many pages from the next one on are meant; 0 is a gap.
   */
  #claimFree(data: Buffer): void {
    ensure(data.length >= 8 && data.length % 8 === 0, "a list of free pages has a wrong length");
    const count = readNumber(data, 0);
    ensure(count < data.length / 8, "a list of free pages is too long");
    for (let n = 1, pages = 1; n <= count; n++) {
      const number = Number(data.readBigInt64LE(n * 8));
      if (number > 0) this.#claim(number, pages);
      pages = number < 0 ? -number : 1;
    }
  }

  #claim(first: number, count: number): void {
    ensure(first >= 0 && first + count - 1 <= this.#meta.lastPage, `page ${first} is beyond the last one`);
    for (let page = first; page < first + count; page++) {
      const bit = 1 << (page & 7);
      ensure((this.#used[page >>> 3]! & bit) === 0, `page ${page} is used twice`);
      this.#used[page >>> 3]! |= bit;
      this.#claimed++;
    }
  }
}

/** Called with a node's flags, its key and its data. */
type VisitNode = (flags: number, key: Buffer, data: Buffer) => void;

/** So much is read at a time where reading goes on. */
const WINDOW_BYTES = 64 * 2 ** 10;

/** Reads a file from its end to its beginning, mostly: what lies just before the last part is read in one go with it. */
class FileWindow {
  readonly #fd: number;
  readonly #bytes: number;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #start = 0;
  #end = 0;

  constructor(fd: number, bytes: number) {
    this.#fd = fd;
    this.#bytes = bytes;
  }

  /** The answer is good until the next read. */
  read(at: number, length: number): Buffer {
    ensure(at + length <= this.#bytes, "it is too short");
    if (at < this.#start || at + length > this.#end) {
      if (length > WINDOW_BYTES) return this.#fill(Buffer.allocUnsafeSlow(length), at);
      const goesOn = at < this.#start && at >= this.#start - WINDOW_BYTES;
      this.#end = at + length;
      this.#start = goesOn ? Math.max(0, this.#end - WINDOW_BYTES) : at;
      this.#fill(this.#window.subarray(0, this.#end - this.#start), this.#start);
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }

  #fill(target: Buffer, at: number): Buffer {
    ensure(
      readSync(this.#fd, target, 0, target.length, at) === target.length,
      "it could not be read to its end",
    );
    return target;
  }
}

/** Nodes of the page, whose bounds are checked. */
function nodeCount(page: Buffer, number: number): number {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const room = page.length - PAGE_HEADER;
  ensure(
    lower >= 2 && lower % 2 === 0 && lower <= upper && upper <= room,
    `page ${number} has impossible bounds`,
  );
  return lower / 2;
}

function nodeAt(page: Buffer, number: number, place: number): Buffer {
  const at = page.readUInt16LE(PAGE_HEADER + place * 2);
  const upper = page.readUInt16LE(22);
  ensure(
    at >= upper && at + NODE_HEADER <= page.length - PAGE_HEADER,
    `page ${number} has a node outside of it`,
  );
  const node = page.subarray(PAGE_HEADER + at);
  ensure(NODE_HEADER + node.readUInt16LE(6) <= node.length, `page ${number} has a key that is too long`);
  return node;
}

function keyOf(node: Buffer, page: number): Buffer {
  const bytes = node.readUInt16LE(6);
  ensure(bytes > 0, `page ${page} has an empty key`);
  return node.subarray(NODE_HEADER, NODE_HEADER + bytes);
}

const childOf = (node: Buffer): number => node.readUInt32LE(0) + node.readUInt16LE(4) * 2 ** 32;

function readTree(bytes: Buffer, at: number): Tree {
  ensure(bytes.length >= at + TREE_BYTES, "a tree's head is too short");
  const root = bytes.readBigUInt64LE(at + 40);
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages: readNumber(bytes, at + 8),
    leafPages: readNumber(bytes, at + 16),
    overflowPages: readNumber(bytes, at + 24),
    entries: readNumber(bytes, at + 32),
    root: root === NO_ROOT ? undefined : Number(root),
  };
}

/** Numbers of pages and transactions stay far below 2^53 in a file that is whole. */
const readNumber = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;

const compareBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b);

const compareNumbers = (a: Buffer, b: Buffer): number => {
  ensure(a.length === 8 && b.length === 8, "a transaction's number has a wrong length");
  return readNumber(a, 0) - readNumber(b, 0);
};

function ensure(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Damaged(what);
}

/** Trees are known to LMDB by C strings, with a NUL behind them where whoever opened them wrote one. */
const nameOf = (key: Buffer): string => key.toString("latin1").replace(/\0+$/, "");
