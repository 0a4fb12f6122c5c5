import { logger } from "#base/log";
import type { AnyObject, Resource } from "#machinery/schema";
import { addressOf, keyOf } from "./address.ts";
import { type IndexKeys, ObjectIndex } from "./object-index.ts";
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
 * place. Most code gets its informers from an `InformerSet`, so that a process watches each kind once.
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
    return this.#objects.get(namespace, name);
  }

  /** By `namespace/name`, or `name` for cluster-scoped kinds. */
  getByKey(key: string): T | undefined {
    const { namespace, name } = addressOf(key);
    return this.#objects.get(namespace, name);
  }

  /** Without a namespace: all of them. Not a copy: do not wait in the middle of the walk. */
  list(namespace?: string): IterableIterator<T> {
    return this.#objects.list(namespace);
  }

  /** Makes objects findable under more keys. A name that is taken keeps its first meaning. */
  addIndex(name: string, keysOf: IndexKeys<T>): void {
    this.#objects.addIndex(name, keysOf);
  }

  byIndex(name: string, key: string): Iterable<T> {
    return this.#objects.byIndex(name, key);
  }

  /** Handlers hear first of everything that is already there. The answer takes them off again. */
  handle(handlers: InformerHandlers<T>): () => void {
    for (const object of this.#objects.list()) tell(() => handlers.added?.(object));
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
    return {
      replace: (objects, resourceVersion) => this.#replace(objects, resourceVersion),
      changed: (type, object) => {
        if (type === "DELETED") this.#delete(object);
        else this.#set(object);
        this.#advance(object.metadata.resourceVersion);
      },
      reached: (resourceVersion) => this.#advance(resourceVersion),
    };
  }

  #replace(objects: ReadonlyMap<string, T>, resourceVersion: string): void {
    const lost = [...this.#objects.list()].filter((known) => !objects.has(keyOf(known)));
    for (const object of lost) this.#delete(object);
    for (const object of objects.values()) this.#set(object);
    this.#hasSynced = true;
    this.#markSynced();
    this.#advance(resourceVersion);
  }

  #set(object: T): void {
    const before = this.#objects.set(object);
    if (before === undefined) return this.#tell((handlers) => handlers.added?.(object));
    if (before.metadata.uid !== object.metadata.uid) {
      this.#tell((handlers) => handlers.deleted?.(before));
      this.#tell((handlers) => handlers.added?.(object));
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#tell((handlers) => handlers.updated?.(object, before));
    }
  }

  #delete(object: T): void {
    const { namespace, name } = object.metadata;
    if (this.#objects.delete(namespace, name)) this.#tell((handlers) => handlers.deleted?.(object));
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
