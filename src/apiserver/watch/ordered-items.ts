import type { Item } from "../storage/item.ts";

/** Items by key and in key order. */
export class OrderedItems {
  readonly #byKey = new Map<string, Item>();
  #sorted: Item[] = [];
  #bytes = 0;

  get size(): number {
    return this.#sorted.length;
  }

  /** Of all items as they are stored. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Item | undefined {
    return this.#byKey.get(key);
  }

  /** All items, already in key order. */
  load(items: readonly Item[]): void {
    this.#byKey.clear();
    this.#bytes = 0;
    for (const item of items) {
      this.#byKey.set(item.key, item);
      this.#bytes += item.stored.length;
    }
    this.#sorted = [...items];
  }

  put(item: Item): void {
    const at = this.#place(item.key);
    const known = this.#byKey.get(item.key);
    this.#byKey.set(item.key, item);
    this.#bytes += item.stored.length - (known?.stored.length ?? 0);
    if (known) this.#sorted[at] = item;
    else if (at === this.#sorted.length) this.#sorted.push(item);
    else this.#sorted.splice(at, 0, item);
  }

  delete(key: string): void {
    const known = this.#byKey.get(key);
    if (!known) return;
    this.#byKey.delete(key);
    this.#bytes -= known.stored.length;
    this.#sorted.splice(this.#place(key), 1);
  }

  /** What there is now with `start <= key < end`; later changes do not show in it. */
  range(start: string, end: string): Item[] {
    return this.#sorted.slice(this.#place(start), this.#place(end));
  }

  all(): readonly Item[] {
    return this.#sorted;
  }

  /** Where the key is, or would be. */
  #place(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
