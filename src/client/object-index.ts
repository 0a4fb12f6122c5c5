import type { AnyObject } from "#machinery/schema";
import type { Address } from "./address.ts";
import { type Held, Opened, glance } from "./held.ts";
import { LabelGroups, type Labels } from "./label-groups.ts";

/** The values under which an object is found in an index. */
export type IndexKeys<T> = (object: T) => Iterable<string>;

const NOTHING: ReadonlySet<never> = new Set();

interface Index<T> {
  readonly keysOf: IndexKeys<T>;
  readonly entries: Map<string, Set<Held<T>>>;
}

/** Objects of one kind by namespace and name, and by whatever else they are looked up. */
export class ObjectIndex<T extends AnyObject> {
  readonly #namespaces = new Map<string, Map<string, Held<T>>>();
  readonly #indexes = new Map<string, Index<T>>();
  #labels: LabelGroups<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `namespace` is absent or empty for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): Held<T> | undefined {
    return this.#namespaces.get(namespace ?? "")?.get(name);
  }

  /** Without a namespace: all of them. */
  *list(namespace?: string): IterableIterator<Held<T>> {
    if (namespace === undefined) for (const objects of this.#namespaces.values()) yield* objects.values();
    else yield* this.#namespaces.get(namespace)?.values() ?? [];
  }

  /** Adds an index over what is there and what comes; a name that is taken keeps its first meaning. */
  addIndex(name: string, keysOf: IndexKeys<T>): void {
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { keysOf, entries: new Map() };
    this.#indexes.set(name, index);
    for (const held of this.list()) insert(index, new Opened(held, glance));
  }

  byIndex(name: string, key: string): ReadonlySet<Held<T>> {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`no index ${name}`);
    return index.entries.get(key) ?? NOTHING;
  }

  /** Makes `select` quick. */
  groupByLabels(): void {
    if (this.#labels) return;
    this.#labels = new LabelGroups();
    for (const held of this.list()) this.#labels.insert(new Opened(held, glance));
  }

  /** Of one namespace, by their labels. */
  *select(namespace: string, matches: (labels: Labels) => boolean): IterableIterator<Held<T>> {
    if (this.#labels) return yield* this.#labels.select(namespace, matches);
    for (const held of this.list(namespace)) if (matches(glance(held).metadata.labels ?? {})) yield held;
  }

  /** Puts it in place of `before`, which is there now. Opens neither where there are no indexes. */
  set({ namespace = "", name }: Address, now: Opened<T>, before: Opened<T> | undefined): void {
    let objects = this.#namespaces.get(namespace);
    if (!objects) this.#namespaces.set(namespace, (objects = new Map()));
    objects.set(name, now.held);
    if (before === undefined) this.#size++;
    for (const index of this.#indexes.values()) {
      if (before !== undefined) withdraw(index, before);
      insert(index, now);
    }
    if (before !== undefined) this.#labels?.withdraw(before);
    this.#labels?.insert(now);
  }

  /** Takes out what is there. */
  delete({ namespace = "", name }: Address, before: Opened<T>): void {
    const objects = this.#namespaces.get(namespace);
    if (!objects?.delete(name)) return;
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.#size--;
    for (const index of this.#indexes.values()) withdraw(index, before);
    this.#labels?.withdraw(before);
  }
}

function insert<T extends AnyObject>({ keysOf, entries }: Index<T>, { held, object }: Opened<T>): void {
  for (const key of keysOf(object)) {
    const members = entries.get(key);
    if (members) members.add(held);
    else entries.set(key, new Set([held]));
  }
}

function withdraw<T extends AnyObject>({ keysOf, entries }: Index<T>, { held, object }: Opened<T>): void {
  for (const key of keysOf(object)) {
    const members = entries.get(key);
    members?.delete(held);
    if (members?.size === 0) entries.delete(key);
  }
}
