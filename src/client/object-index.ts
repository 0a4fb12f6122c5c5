import type { AnyObject } from "#machinery/schema";

/** The values under which an object is found in an index. */
export type IndexKeys<T> = (object: T) => Iterable<string>;

/** Objects of one kind by namespace and name, and by whatever else they are looked up. */
export class ObjectIndex<T extends AnyObject> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<
    string,
    { readonly keysOf: IndexKeys<T>; readonly entries: Map<string, Set<T>> }
  >();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `namespace` is absent or empty for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#namespaces.get(namespace ?? "")?.get(name);
  }

  /** Without a namespace: all of them. */
  *list(namespace?: string): IterableIterator<T> {
    if (namespace === undefined) for (const objects of this.#namespaces.values()) yield* objects.values();
    else yield* this.#namespaces.get(namespace)?.values() ?? [];
  }

  /** Adds an index over what is there and what comes; a name that is taken keeps its first meaning. */
  addIndex(name: string, keysOf: IndexKeys<T>): void {
    if (this.#indexes.has(name)) return;
    const index = { keysOf, entries: new Map<string, Set<T>>() };
    this.#indexes.set(name, index);
    for (const object of this.list()) insert(index.entries, keysOf(object), object);
  }

  byIndex(name: string, key: string): Iterable<T> {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`no index ${name}`);
    return index.entries.get(key) ?? [];
  }

  /** The answer is what was there before. */
  set(object: T): T | undefined {
    const { namespace = "", name } = object.metadata;
    let objects = this.#namespaces.get(namespace);
    if (!objects) this.#namespaces.set(namespace, (objects = new Map()));
    const before = objects.get(name);
    objects.set(name, object);
    if (!before) this.#size++;
    for (const { keysOf, entries } of this.#indexes.values()) {
      if (before) withdraw(entries, keysOf(before), before);
      insert(entries, keysOf(object), object);
    }
    return before;
  }

  delete(namespace: string | undefined, name: string): T | undefined {
    const objects = this.#namespaces.get(namespace ?? "");
    const before = objects?.get(name);
    if (!objects || !before) return undefined;
    objects.delete(name);
    if (objects.size === 0) this.#namespaces.delete(namespace ?? "");
    this.#size--;
    for (const { keysOf, entries } of this.#indexes.values()) withdraw(entries, keysOf(before), before);
    return before;
  }
}

function insert<T>(entries: Map<string, Set<T>>, keys: Iterable<string>, object: T): void {
  for (const key of keys) {
    const objects = entries.get(key);
    if (objects) objects.add(object);
    else entries.set(key, new Set([object]));
  }
}

function withdraw<T>(entries: Map<string, Set<T>>, keys: Iterable<string>, object: T): void {
  for (const key of keys) {
    const objects = entries.get(key);
    objects?.delete(object);
    if (objects?.size === 0) entries.delete(key);
  }
}
