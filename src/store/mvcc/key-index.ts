import type { Version } from "./version.ts";

/** A full chunk is split in two; small enough that an insert moves few pointers. */
const CHUNK_KEYS_MAX = 512;

interface Chunk {
  readonly keys: string[];
  readonly newest: Version[];
}

/** The newest version of every key, in key order: sorted chunks, found by binary search. */
export class KeyIndex {
  readonly #chunks: Chunk[] = [];
  #size = 0;

  /** Keys held, deleted ones that history still remembers included. */
  get size(): number {
    return this.#size;
  }

  get(key: string): Version | undefined {
    const chunk = this.#chunks[this.#chunkFor(key)];
    if (chunk === undefined) return undefined;
    const at = lowerBound(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.newest[at] : undefined;
  }

  /** Makes this the newest version of its key. */
  set(version: Version): void {
    const { key } = version;
    const chunkAt = this.#chunkFor(key);
    const chunk = this.#chunks[chunkAt];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], newest: [version] });
      this.#size++;
      return;
    }
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.newest[at] = version;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.newest.splice(at, 0, version);
    this.#size++;
    if (chunk.keys.length > CHUNK_KEYS_MAX) this.#split(chunkAt, chunk, at);
  }

  delete(key: string): void {
    const chunkAt = this.#chunkFor(key);
    const chunk = this.#chunks[chunkAt];
    if (chunk === undefined) return;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.newest.splice(at, 1);
    this.#size--;
    if (chunk.keys.length === 0) this.#chunks.splice(chunkAt, 1);
  }

  /** Visits `start <= key < end` in order until the visitor answers false. The index must not change meanwhile. */
  visit(start: string, end: string, visitor: (newest: Version) => boolean | void): void {
    let chunkAt = this.#chunkFor(start);
    let at = lowerBound(this.#chunks[chunkAt]?.keys ?? [], start);
    for (; chunkAt < this.#chunks.length; chunkAt++, at = 0) {
      const { keys, newest } = this.#chunks[chunkAt]!;
      for (; at < keys.length; at++) {
        if (keys[at]! >= end || visitor(newest[at]!) === false) return;
      }
    }
  }

  /** The last chunk that starts at or before the key, or the first. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.keys[0]! <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Keys that arrive in order fill chunks to the brim; others leave two halves. */
  #split(chunkAt: number, chunk: Chunk, insertedAt: number): void {
    const keep = insertedAt === chunk.keys.length - 1 ? chunk.keys.length - 1 : chunk.keys.length >>> 1;
    const right = { keys: chunk.keys.splice(keep), newest: chunk.newest.splice(keep) };
    this.#chunks.splice(chunkAt + 1, 0, right);
  }
}

/** The first place whose key is not smaller. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
