import type { Clock } from "#base/clock";
import type { Address } from "#client/address";
import type { Client, DeleteOptions, WriteOptions } from "#client/client";
import type { Informer } from "#client/informer";
import type { AnyObject, Resource, Wire } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { inParallel, slowStart } from "./batches.ts";
import { sameJson } from "#machinery/same-json";
import type { WriteBarrier } from "./write-barrier.ts";

export interface WriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly barrier: WriteBarrier;
  /** The cache of a kind, where this controller has one. */
  readonly cacheOf: (resource: Resource) => Informer<AnyObject> | undefined;
}

/** Writes of one pass. Each is remembered, so that the next pass for the key waits until the caches have seen it. */
export class Writer {
  readonly #options: WriterOptions;
  /** Objects as this pass wrote them last, by uid: what it did itself is no conflict. */
  readonly #latest = new Map<string, AnyObject>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async create<T extends AnyObject>(resource: Resource<T>, object: Wire<T>): Promise<T> {
    const { client, signal } = this.#options;
    return this.#note(resource, await client.create(resource, object, { signal }));
  }

  /**
   * Creates many alike, in batches that double while all goes well. A failure ends it and is answered, not thrown,
   * with what was made until then.
   */
  async createMany<T extends AnyObject>(
    resource: Resource<T>,
    objects: readonly Wire<T>[],
    each: { created?(object: T): void; failed?(error: unknown): void } = {},
  ): Promise<{ readonly succeeded: number; readonly failure: Error | undefined }> {
    return slowStart(objects.length, async (index) => {
      try {
        const made = await this.create(resource, objects[index]!);
        each.created?.(made);
      } catch (error) {
        each.failed?.(error);
        throw error;
      }
    });
  }

  /** Replaces the object; a StatusError Conflict when the cache was behind, which the next pass mends. */
  async update<T extends AnyObject>(resource: Resource<T>, object: T): Promise<T> {
    const { client, signal } = this.#options;
    return this.#note(resource, await client.update(resource, object, { signal }));
  }

  /** Writes the status, unless it is already there. */
  async status<T extends AnyObject & { readonly status: unknown }>(
    resource: Resource<T>,
    object: T,
    status: T["status"],
  ): Promise<T> {
    if (sameJson(object.status, status)) return object;
    const { client, signal } = this.#options;
    const latest = (this.#latest.get(object.metadata.uid) ?? object) as T;
    const changed = { ...latest, status };
    return this.#note(resource, await client.updateStatus(resource, changed, { signal }));
  }

  /** A JSON merge patch (RFC 7386). */
  async patch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const { client, signal } = this.#options;
    return this.#note(resource, await client.mergePatch(resource, at, patch, { signal, ...options }));
  }

  /** A strategic merge patch: lists are merged by their keys. */
  async strategicPatch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const { client, signal } = this.#options;
    return this.#note(resource, await client.strategicPatch(resource, at, patch, { signal, ...options }));
  }

  /** Deletes exactly this object, not another that took its name. True when it was there. */
  async remove<T extends AnyObject>(
    resource: Resource<T>,
    object: T,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { client, signal, cacheOf, barrier } = this.#options;
    const { namespace, name, uid } = object.metadata;
    const cache = cacheOf(resource as unknown as Resource);
    try {
      await client.delete(resource, { namespace, name }, { signal, preconditions: { uid }, ...options });
    } catch (error) {
      // Gone already, or its name is another object's now.
      if (hasReason(error, "NotFound", "Conflict")) return false;
      throw error;
    }
    if (cache) barrier.deleted(cache, object);
    return true;
  }

  /** Deletes many; all are tried, and the first error is thrown at the end. */
  removeAll<T extends AnyObject>(
    resource: Resource<T>,
    objects: readonly T[],
    options: DeleteOptions & { removed?(object: T): void } = {},
  ): Promise<void> {
    const { removed, ...rest } = options;
    return inParallel(objects, async (object) => {
      if (await this.remove(resource, object, rest)) removed?.(object);
    });
  }

  #note<T extends AnyObject>(resource: Resource<T>, object: T): T {
    this.#latest.set(object.metadata.uid, object);
    const cache = this.#options.cacheOf(resource as unknown as Resource);
    if (cache) this.#options.barrier.written(cache, object.metadata.resourceVersion);
    return object;
  }
}
