/**
 * A version of a custom kind that a webhook makes from the stored one. It has a cache of its own, which follows the
 * stored version's in the same order and under the same revisions, so that reads and watches are as of any kind.
 */
import type { Clock } from "#base/clock";
import type { Scope } from "#base/scope";
import type { AnyObject, Resource } from "#machinery/schema";
import { serviceUnavailable } from "#machinery/status";
import { Item, encodeStored } from "../storage/item.ts";
import {
  type Companions,
  type Encoded,
  KindStorage,
  type KindStorageOptions,
  type StorageFeed,
  type WriteOutcome,
  alone,
} from "../storage/kind-storage.ts";
import { KindCache } from "../watch/kind-cache.ts";
import type { Selection } from "../watch/scope.ts";
import { brought } from "./view.ts";
import type { Converter } from "./conversion-webhook.ts";

/** One change of the stored version that is still to be shown in this one. */
interface Pending {
  readonly key: string;
  readonly item: Item | undefined;
  readonly revision: number;
}

/** Wait before a webhook that failed is asked again on behalf of those who watch. */
const RETRY_MS = 5_000;

export interface ConvertedOptions extends Omit<KindStorageOptions, "cache" | "leaseFor"> {
  readonly resource: Resource;
  /** Cache of the stored version. */
  readonly source: KindCache;
  readonly storedResource: Resource;
  readonly converter: Converter;
  readonly clock: Clock;
  /** Ends with the version. */
  readonly scope: Scope;
}

/**
 * Says nothing rather than half: until everything that is stored has been converted once, it cannot be read, but for
 * namespaces that hold nothing of it.
 */
class ConvertedCache extends KindCache {
  isReady = false;
  /** Is something of the namespace still to be converted? "" stands for all. */
  holdsBack: (namespace: string) => boolean = () => true;
  source: KindCache | undefined;

  override get(namespace: string, name: string): Item | undefined {
    this.#check(namespace);
    return super.get(namespace, name);
  }

  override select(selection: Selection, start?: string): readonly Item[] {
    this.#check(selection.namespace);
    return super.select(selection, start);
  }

  /** What cannot be read cannot be converted, either. */
  override checkReadable(selection: Pick<Selection, "namespace" | "name">): void {
    this.source?.checkReadable(selection);
  }

  #check(namespace: string): void {
    if (!this.isReady && this.holdsBack(namespace))
      throw serviceUnavailable("stored objects are still being converted to this version");
  }
}

/** Carries changes from the stored version's cache, in order, through the webhook. */
export class ConvertedFeed implements StorageFeed {
  readonly cache: ConvertedCache;
  readonly #options: ConvertedOptions;
  readonly #pending: Pending[] = [];
  #draining: Promise<void> | undefined;
  #cancelRetry = () => undefined as void;
  #shown = 0;

  constructor(options: ConvertedOptions) {
    const { source, limits, scope, clock, feed } = options;
    this.#options = options;
    this.cache = new ConvertedCache({ prefix: source.prefix, indexedValue: undefined, limits });
    this.cache.source = source;
    this.cache.holdsBack = (namespace) => this.holdsBack(namespace);
    this.cache.load([], feed.revision);
    for (const item of source.all()) this.#pending.push({ key: item.key, item, revision: item.revision });
    this.#pending.sort((a, b) => a.revision - b.revision);
    this.#shown = feed.revision;
    scope.defer(source.onChange((before, after) => this.#take(before, after)));
    let cancel = () => undefined as void;
    const bookmark = () => {
      cancel = clock.after(limits.bookmarkMs, () => {
        if (this.cache.watcherCount > 0) this.cache.bookmark(this.revision);
        bookmark();
      });
    };
    bookmark();
    scope.defer(() => {
      cancel();
      this.#cancelRetry();
      this.cache.endWatches();
    });
    this.#push();
  }

  /** Is something of the namespace still to be converted? "" stands for all. */
  holdsBack(namespace: string): boolean {
    const prefix = namespace === "" ? "" : `${this.cache.prefix}${namespace}/`;
    return this.#pending.some(({ key }) => key.startsWith(prefix));
  }

  /** How far this version shows the world. */
  get revision(): number {
    return this.#pending.length === 0 ? this.#options.feed.revision : this.#shown;
  }

  reach(revision: number, withinMs: number): Promise<void> | undefined {
    const wait = this.#options.feed.reach(revision, withinMs);
    if (wait) return wait.then(() => this.#drain());
    return this.#pending.length === 0 ? undefined : this.#drain();
  }

  expect(): () => void {
    return () => undefined;
  }

  stored(key: string, revision: number, bytes: Buffer, object: AnyObject): Item {
    return new Item(key, revision, bytes, object);
  }

  /** Stored items as this version shows them. */
  async shown(items: readonly Item[]): Promise<Item[]> {
    const { resource, converter } = this.#options;
    const foreign = items.filter((item) => item.object.apiVersion !== resource.apiVersion);
    if (foreign.length === 0) return [...items];
    const byVersion = Map.groupBy(foreign, (item) => item.object.apiVersion);
    const made = new Map<Item, Item>();
    for (const group of byVersion.values()) {
      const objects = await converter.convert(
        group.map(({ object }) => object),
        resource.apiVersion,
      );
      for (const [index, item] of group.entries()) made.set(item, this.#itemOf(item, objects[index]!));
    }
    return items.map((item) => made.get(item) ?? item);
  }

  /** As it is stored: without members that the version does not have, and with its defaults. */
  #itemOf({ key, revision }: Item, converted: AnyObject): Item {
    return new Item(key, revision, encodeStored(brought(this.#options.resource, converted)));
  }

  #take(before: Item | undefined, after: Item | undefined): void {
    const { source } = this.#options;
    const revision = after?.revision ?? source.changedAt;
    this.#pending.push({ key: (after ?? before)!.key, item: after, revision });
    this.#push();
  }

  /** On behalf of those who watch: who reads asks by itself, and hears what went wrong. */
  #push(): void {
    const { scope, clock } = this.#options;
    if (scope.closed) return;
    this.#drain().catch(() => {
      if (scope.closed || this.cache.watcherCount === 0) return;
      this.#cancelRetry();
      this.#cancelRetry = clock.after(RETRY_MS, () => this.#push());
    });
  }

  #drain(): Promise<void> {
    if (this.#draining) return this.#draining;
    if (this.#pending.length === 0) {
      this.cache.isReady = true;
      return Promise.resolve();
    }
    return (this.#draining = this.#work());
  }

  /** Waits at least once. It is over in the turn in which it finds nothing more, so that no change falls in between. */
  async #work(): Promise<void> {
    try {
      while (this.#pending.length > 0) await this.#showPending();
    } finally {
      this.#draining = undefined;
    }
  }

  async #showPending(): Promise<void> {
    const batch = this.#pending.slice();
    const items = await this.shown(batch.flatMap(({ item }) => item ?? []));
    let next = 0;
    for (const { key, item, revision } of batch) {
      this.cache.apply({ key }, item && items[next++], revision);
      this.#shown = revision;
    }
    this.#pending.splice(0, batch.length);
    this.cache.isReady = true;
  }
}

/** Reads from the version's own cache; what it writes is converted to the stored version first. */
export class ConvertedStorage extends KindStorage {
  readonly #feed: ConvertedFeed;
  readonly #options: ConvertedOptions;

  constructor(options: ConvertedOptions) {
    const feed = new ConvertedFeed(options);
    const { store, limits, groupResource } = options;
    super({ store, limits, groupResource, cache: feed.cache, feed });
    this.#feed = feed;
    this.#options = options;
  }

  /** Who makes the versions of this kind into one another. */
  get converter(): Converter {
    return this.#options.converter;
  }

  /** A namespace that holds nothing to be converted can be read also when the webhook fails. */
  override fresh(namespace = ""): Promise<void> | undefined {
    const wait = super.fresh(namespace);
    if (!wait || namespace === "") return wait;
    return wait.catch((error: unknown) => {
      if (this.#feed.holdsBack(namespace)) throw error;
    });
  }

  /** What is stored in an older version is written anew, also where nobody sees a difference. */
  override isSettled(item: Item, made: Encoded): boolean | Promise<boolean> {
    const isSettled = super.isSettled(item, made);
    if (isSettled === false) return false;
    const { source, storedResource } = this.#options;
    const { namespace = "", name } = made.object.metadata;
    return source.get(namespace, name)?.object.apiVersion === storedResource.apiVersion && isSettled;
  }

  override async create(
    namespace: string,
    name: string,
    made: Encoded,
    companions: Companions = alone,
  ): Promise<WriteOutcome> {
    return this.#shown(await super.create(namespace, name, await this.#stored(made), companions), made);
  }

  override async replace(item: Item, made: Encoded, companions: Companions = alone): Promise<WriteOutcome> {
    return this.#shown(await super.replace(item, await this.#stored(made), companions), made);
  }

  override async remove(item: Item, companions: Companions = alone): Promise<WriteOutcome> {
    const outcome = await super.remove(item, companions);
    return outcome.type === "written" ? outcome : this.#lost(outcome);
  }

  override async rangeAt(
    start: string,
    end: string,
    revision: number,
    limit: number,
  ): Promise<{ items: Item[]; count: number }> {
    const { items, count } = await super.rangeAt(start, end, revision, limit);
    return { items: await this.#feed.shown(items), count };
  }

  async #stored({ object }: Encoded): Promise<Encoded> {
    const { storedResource, converter } = this.#options;
    if (object.apiVersion === storedResource.apiVersion) return this.encode(object);
    const [converted] = await converter.convert([object], storedResource.apiVersion);
    return this.encode(brought(storedResource, converted!));
  }

  async #shown(outcome: WriteOutcome, { bytes }: Encoded): Promise<WriteOutcome> {
    if (outcome.type === "lost") return this.#lost(outcome);
    const { key, revision } = outcome.item;
    return { type: "written", item: new Item(key, revision, bytes) };
  }

  async #lost(outcome: Extract<WriteOutcome, { type: "lost" }>): Promise<WriteOutcome> {
    const [current] = outcome.current ? await this.#feed.shown([outcome.current]) : [];
    return { ...outcome, current };
  }
}
