import { logger } from "#base/log";
import type { AnyObject, Resource } from "#machinery/schema";
import { type Address, addressOf, keyAt } from "./address.ts";
import { addressOfHeld, glance, type Held, open, Opened, versionOf } from "./held.ts";
import { type IndexKeys, ObjectIndex } from "./object-index.ts";
import type { Labels } from "./label-groups.ts";
import { type Mirror, Reflector, type ReflectorOptions } from "./reflector.ts";
import { isAtLeast, newerOf } from "./resource-version.ts";

const log = logger("informer");

/** Told of every change, in order, after the cache has it. Handlers do not wait: they note what is to be done. */
export interface InformerHandlers<T> {
  added?(object: T): void;
  updated?(object: T, before: T): void;
  /** `object` is the last state known. */
  deleted?(object: T): void;
}

/**
 * A cache of one kind (or of a selection of it) that a watch keeps true. Objects are shared and never changed in
 * place; beside the server they are held by reference and parsed when somebody wants them, so the same object asked for
 * twice may be two of the same content. Most code gets its informers from an `InformerSet`, so that a process watches each kind once.
 */
export class Informer<T extends AnyObject> {
  readonly resource: Resource<T>;
  /** Resolves when the cache was filled for the first time and the handlers have heard of it. */
  readonly synced: Promise<void>;
  readonly #objects = new ObjectIndex<T>();
  readonly #handlers = new Set<InformerHandlers<T>>();
  readonly #reflector: Reflector<T>;
  readonly #markSynced: () => void;
  #hasSynced = false;
  #resourceVersion = "";
  #waiting: { readonly resourceVersion: string; readonly done: () => void }[] = [];

  constructor(options: ReflectorOptions<T>) {
    this.resource = options.resource;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#markSynced = resolve;
    this.#reflector = new Reflector(options, this.#mirror());
  }

  /** Lists and watches until the signal ends it. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** How far the cache has come; empty before the first list. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** `namespace` is undefined for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): T | undefined {
    const held = this.#objects.get(namespace, name);
    return held && open(held);
  }

  /** By `namespace/name`, or `name` for cluster-scoped kinds. */
  getByKey(key: string): T | undefined {
    const { namespace, name } = addressOf(key);
    return this.get(namespace, name);
  }

  /** Without a namespace: all of them. Not a copy: do not wait in the middle of the walk. */
  *list(namespace?: string): IterableIterator<T> {
    for (const held of this.#objects.list(namespace)) yield open(held);
  }

  /** Makes objects findable under more keys. A name that is taken keeps its first meaning. */
  addIndex(name: string, keysOf: IndexKeys<T>): void {
    this.#objects.addIndex(name, keysOf);
  }

  *byIndex(name: string, key: string): IterableIterator<T> {
    for (const held of this.#objects.byIndex(name, key)) yield open(held);
  }

  /** Makes `select` ask about every set of labels instead of every object. */
  groupByLabels(): void {
    this.#objects.groupByLabels();
  }

  /** The objects of a namespace whose labels match. */
  *select(namespace: string, matches: (labels: Labels) => boolean): IterableIterator<T> {
    for (const held of this.#objects.select(namespace, matches)) yield open(held);
  }

  /** Keys of what `byIndex` gives, without a look at it. */
  *keysByIndex(name: string, key: string): IterableIterator<string> {
    for (const held of this.#objects.byIndex(name, key)) yield keyAt(this.#addressOf(held));
  }

  /** How many `byIndex` gives, without a look at them. */
  countByIndex(name: string, key: string): number {
    return this.#objects.byIndex(name, key).size;
  }

  /** Handlers hear first of everything that is already there. The answer takes them off again. */
  handle(handlers: InformerHandlers<T>): () => void {
    for (const held of this.#objects.list()) {
      const object = glance(held);
      tell(() => handlers.added?.(object));
    }
    this.#handlers.add(handlers);
    return () => void this.#handlers.delete(handlers);
  }

  /** Has the cache seen the write that gave this resource version? */
  hasReached(resourceVersion: string): boolean {
    return isAtLeast(this.#resourceVersion, resourceVersion);
  }

  /** Resolves when the cache has seen the write that gave this resource version. */
  reached(resourceVersion: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.hasReached(resourceVersion)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(signal?.reason);
      };
      const done = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const waiter = { resourceVersion, done };
      this.#waiting.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #mirror(): Mirror<T> {
    const isEmpty = () => !this.#hasSynced && this.#objects.size === 0;
    return {
      get isEmpty() {
        return isEmpty();
      },
      found: (held) => this.#set(new Opened(held, glance)),
      filled: (resourceVersion) => this.#filled(resourceVersion),
      replace: (objects, resourceVersion) => this.#replace(objects, resourceVersion),
      changed: (type, held) => {
        if (type === "DELETED") this.#delete(new Opened(held, glance));
        else this.#set(new Opened(held, open));
        if (this.#hasSynced) this.#advance(versionOf(held));
      },
      reached: (resourceVersion) => this.#advance(resourceVersion),
    };
  }

  #filled(resourceVersion: string): void {
    this.#hasSynced = true;
    this.#markSynced();
    this.#advance(resourceVersion);
  }

  #replace(objects: ReadonlyMap<string, Held<T>>, resourceVersion: string): void {
    const lost = [...this.#objects.list()].filter((known) => !objects.has(keyAt(this.#addressOf(known))));
    for (const held of lost) this.#delete(new Opened(held, glance));
    for (const held of objects.values()) this.#set(new Opened(held, open));
    this.#filled(resourceVersion);
  }

  #set(now: Opened<T>): void {
    const address = this.#addressOf(now.held);
    const known = this.#objects.get(address.namespace, address.name);
    if (known !== undefined && versionOf(known) === versionOf(now.held)) return;
    const before = known === undefined ? undefined : new Opened(known, glance);
    this.#objects.set(address, now, before);
    if (this.#handlers.size > 0) this.#tellOfChange(now.object, before?.object);
  }

  #tellOfChange(object: T, before: T | undefined): void {
    if (before === undefined) return this.#tell((handlers) => handlers.added?.(object));
    if (before.metadata.uid === object.metadata.uid)
      return this.#tell((handlers) => handlers.updated?.(object, before));
    this.#tell((handlers) => handlers.deleted?.(before));
    this.#tell((handlers) => handlers.added?.(object));
  }

  #delete(last: Opened<T>): void {
    const address = this.#addressOf(last.held);
    const known = this.#objects.get(address.namespace, address.name);
    if (known === undefined) return;
    this.#objects.delete(address, new Opened(known, glance));
    if (this.#handlers.size > 0) this.#tell((handlers) => handlers.deleted?.(last.object));
  }

  #addressOf(held: Held<T>): Address {
    return addressOfHeld(held, this.resource.namespaced);
  }

  #tell(about: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of this.#handlers) tell(() => about(handlers));
  }

  #advance(resourceVersion: string): void {
    this.#resourceVersion = newerOf(resourceVersion, this.#resourceVersion);
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((waiter) => this.hasReached(waiter.resourceVersion));
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.done();
  }
}

/** A handler that fails must not keep the others from hearing. */
function tell(call: () => void): void {
  try {
    call();
  } catch (error) {
    log.error("handler failed", { error });
  }
}
