import { logger } from "#base/log";
import { expired } from "#machinery/status";
import { type StoreEvent, prefixEnd } from "#store/store";
import { Item } from "../storage/item.ts";
import { keyOf } from "../storage/keys.ts";
import { RecentObjects } from "../storage/recent-objects.ts";
import { UnreadableValue } from "../storage/unreadable-value.ts";
import type { Limits } from "../limits.ts";
import { CacheEvent } from "./event.ts";
import { OrderedItems } from "./ordered-items.ts";
import type { Selection } from "./scope.ts";
import { Subscription, type WatchSink } from "./subscription.ts";
import { Watchers, WHOLE_KIND, ofObject, ofValue } from "./watchers.ts";
import { EventWindow } from "./window.ts";

const log = logger("apiserver.watch");

export interface KindCacheOptions {
  /** `/registry/pods/` */
  readonly prefix: string;
  /** Value of the field by which lists and watches are found without looking at every object. */
  readonly indexedValue: ((item: Item) => string) | undefined;
  readonly limits: Limits;
}

export type ChangeListener = (before: Item | undefined, after: Item | undefined) => void;

/** How a watch begins. */
export type WatchStart =
  /** Events after this revision. */
  | { readonly type: "after"; readonly revision: number }
  /** What is there, then events. */
  | { readonly type: "state"; readonly announceEnd: boolean };

/** The newest state of one stored kind, its recent past, and everyone who watches it. */
export class KindCache {
  readonly prefix: string;
  readonly #limits: Limits;
  readonly #indexedValue: ((item: Item) => string) | undefined;
  readonly #items = new OrderedItems();
  readonly #byValue = new Map<string, Set<Item>>();
  readonly #recent = new RecentObjects();
  readonly #watchers = new Watchers();
  readonly #listeners = new Set<ChangeListener>();
  /** By key: what is in the store, and cannot be shown. */
  readonly #unreadable = new Map<string, UnreadableValue>();
  #window: EventWindow;
  #sequence = 0;
  #changedAt = 0;

  constructor({ prefix, indexedValue, limits }: KindCacheOptions) {
    this.prefix = prefix;
    this.#limits = limits;
    this.#indexedValue = indexedValue;
    this.#window = new EventWindow(0, limits.windowEventsMax, limits.windowBytesMax);
  }

  get size(): number {
    return this.#items.size;
  }

  /** How much there is, in objects and in bytes of what is stored. */
  get stored(): { readonly objects: number; readonly bytes: number } {
    return { objects: this.#items.size, bytes: this.#items.bytes };
  }

  /** Revision of the last change that this cache knows of; 0 when there was none since it was loaded. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Changes that it has taken in since the server started. */
  get eventsSeen(): number {
    return this.#sequence;
  }

  /** Past changes that it keeps at most. */
  get eventsMax(): number {
    return this.#limits.windowEventsMax;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Something of this kind is in the store, and cannot be read. */
  get hidesSome(): boolean {
    return this.#unreadable.size > 0;
  }

  /** Throws UnreadableValue where the selection may hold something that cannot be read. */
  checkReadable({ namespace, name }: Pick<Selection, "namespace" | "name">): void {
    if (this.#unreadable.size === 0) return;
    const within = namespace === "" ? this.prefix : `${this.prefix}${namespace}/`;
    for (const [key, error] of this.#unreadable) {
      if (key.startsWith(within) && (name === "" || key.endsWith(`/${name}`))) throw error;
    }
  }

  /** Starts over with these, in key order, as of `revision`. Watches end: what happened between is unknown. */
  load(items: readonly Item[], revision: number, unreadable: readonly UnreadableValue[] = []): void {
    this.#unreadable.clear();
    for (const error of unreadable) this.#unreadable.set(error.key, error);
    const before = new Map(this.#items.all().map((item) => [item.key, item]));
    this.#items.load(items);
    this.#window = new EventWindow(revision, this.#limits.windowEventsMax, this.#limits.windowBytesMax);
    this.#changedAt = revision;
    this.#byValue.clear();
    for (const item of items) {
      item.joins(this.#recent);
      this.#index(item);
    }
    for (const watch of this.#watchers)
      watch.end(expired("The resourceVersion for the provided watch is too old."));
    for (const item of items) {
      const old = before.get(item.key);
      before.delete(item.key);
      if (old?.revision !== item.revision) this.#tell(old, item);
      old?.replaced();
    }
    for (const gone of before.values()) {
      this.#tell(gone, undefined);
      gone.replaced();
    }
  }

  /** Takes in one change, to something readable or not. */
  take({ key }: Pick<StoreEvent, "key">, state: Item | UnreadableValue | undefined, revision: number): void {
    if (state instanceof UnreadableValue) return this.#hide(state, revision);
    if (this.#unreadable.size > 0) this.#unreadable.delete(key);
    this.apply({ key }, state, revision);
  }

  /** Watches end with the reason: the object is not deleted, and what it is now nobody can say. */
  #hide(error: UnreadableValue, revision: number): void {
    const { key } = error;
    this.#unreadable.set(key, error);
    this.#changedAt = revision;
    const previous = this.#items.get(key);
    this.#unindex(previous);
    this.#items.delete(key);
    this.#window = new EventWindow(revision, this.#limits.windowEventsMax, this.#limits.windowBytesMax);
    for (const watch of this.#watchers) watch.end(error);
    if (!previous) return;
    this.#tell(previous, undefined);
    previous.replaced();
  }

  /** Takes in one change. `item` is the new state, undefined when it was deleted. */
  apply({ key }: Pick<StoreEvent, "key">, item: Item | undefined, revision: number): void {
    const previous = this.#items.get(key);
    if (!item && !previous) return;
    this.#changedAt = revision;
    const before = this.#unindex(previous);
    const after = item && this.#index(item);
    if (item) {
      item.joins(this.#recent);
      this.#items.put(item);
    } else this.#items.delete(key);
    const type = item ? (previous ? "MODIFIED" : "ADDED") : "DELETED";
    const shown = item ?? new Item(key, revision, previous!.stored);
    const event = new CacheEvent(this.#sequence++, type, shown, previous);
    this.#window.push(event);
    if (this.#watchers.size > 0) {
      this.#watchers.offer(event, this.#bucketsOf(event, before, after));
      event.forgetForms();
    }
    this.#tell(previous, item);
    previous?.replaced();
  }

  get(namespace: string, name: string): Item | undefined {
    return this.#items.get(keyOf(this.prefix, namespace, name));
  }

  getByKey(key: string): Item | undefined {
    return this.#items.get(key);
  }

  /** All items, in key order; not to be held over a wait. */
  all(): readonly Item[] {
    return this.#items.all();
  }

  /** What the selection holds now, in key order, from the key `start` on. */
  select(selection: Selection, start = ""): readonly Item[] {
    const { matches } = selection;
    const found = this.#candidates(selection, start);
    return matches ? found.filter(matches) : found;
  }

  /** Throws Expired when the events after the asked revision are not all here. */
  checkStart(start: WatchStart): void {
    const oldest = this.#window.completeAfter;
    if (start.type === "after" && start.revision < oldest) throw tooOld(start.revision, oldest);
  }

  /** Begins when the answer's `resume` is called. Throws as `checkStart`. */
  watch(
    selection: Selection,
    start: WatchStart,
    { revision, bookmarks }: { readonly revision: number; readonly bookmarks: boolean },
    sink: WatchSink,
  ): Subscription {
    this.checkStart(start);
    const missed = start.type === "after" ? this.#window.after(start.revision)! : [];
    const bucket = this.#bucketFor(selection);
    const subscription = new Subscription(
      this.#window,
      selection,
      sink,
      {
        initial: start.type === "state" ? this.select(selection) : [],
        revision,
        bookmarks,
        announceEnd: start.type === "state" && start.announceEnd,
        position: missed[0]?.sequence ?? this.#sequence,
        afterRevision: start.type === "after" ? start.revision : 0,
      },
      (ended) => this.#watchers.remove(bucket, ended),
    );
    const { namespace, name } = selection;
    if (name !== "") subscription.narrow(keyOf(this.prefix, namespace, name), true);
    else if (namespace !== "") subscription.narrow(`${this.prefix}${namespace}/`, false);
    this.#watchers.add(bucket, subscription);
    return subscription;
  }

  /** Tells all watches how far the world has come. */
  bookmark(revision: number): void {
    for (const watch of this.#watchers) watch.bookmark(revision);
  }

  /** Called now and then: objects that nobody has read in process for a while are not held any longer. */
  forgetUnused(): void {
    this.#recent.next();
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  endWatches(): void {
    for (const watch of this.#watchers) watch.end();
  }

  #candidates({ namespace, name, indexed }: Selection, start: string): readonly Item[] {
    if (name !== "") {
      const one = this.#items.get(keyOf(this.prefix, namespace, name));
      return one && one.key >= start ? [one] : [];
    }
    const first = namespace === "" ? this.prefix : `${this.prefix}${namespace}/`;
    const from = start > first ? start : first;
    if (indexed === undefined) return this.#items.range(from, prefixEnd(first));
    const end = prefixEnd(first);
    const members = [...(this.#byValue.get(indexed) ?? [])];
    return members.filter(({ key }) => key >= from && key < end).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #bucketFor({ namespace, name, indexed }: Selection): string {
    if (name !== "") return ofObject(keyOf(this.prefix, namespace, name));
    return indexed === undefined ? WHOLE_KIND : ofValue(indexed);
  }

  #bucketsOf({ item }: CacheEvent, before: string | undefined, after: string | undefined): Set<string> {
    const buckets = new Set([WHOLE_KIND, ofObject(item.key)]);
    if (before !== undefined) buckets.add(ofValue(before));
    if (after !== undefined) buckets.add(ofValue(after));
    return buckets;
  }

  /** Gives the value under which it is found now. */
  #index(item: Item): string | undefined {
    if (!this.#indexedValue) return undefined;
    const value = this.#indexedValue(item);
    item.foundBy = value;
    let members = this.#byValue.get(value);
    if (!members) this.#byValue.set(value, (members = new Set()));
    members.add(item);
    return value;
  }

  /** Gives the value under which it was found. */
  #unindex(item: Item | undefined): string | undefined {
    const value = item?.foundBy;
    if (item === undefined || value === undefined) return undefined;
    const members = this.#byValue.get(value);
    members?.delete(item);
    if (members?.size === 0) this.#byValue.delete(value);
    return value;
  }

  /** A listener that fails is a mistake of ours, and keeps nobody else from hearing of the change. */
  #tell(before: Item | undefined, after: Item | undefined): void {
    for (const listener of this.#listeners) {
      try {
        listener(before, after);
      } catch (error) {
        log.error("a change was not taken in", { key: (after ?? before)?.key, error });
      }
    }
  }
}

const tooOld = (asked: number, oldest: number) => expired(`too old resource version: ${asked} (${oldest})`);
