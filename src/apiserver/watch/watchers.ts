import type { CacheEvent } from "./event.ts";
import type { Subscription } from "./subscription.ts";

/**
 * The watches of one kind, in buckets: those of one object or of one value of the indexed field hear only of
 * events that can concern them, however many there are.
 */
export class Watchers {
  readonly #all = new Set<Subscription>();
  readonly #byBucket = new Map<string, Set<Subscription>>();

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Subscription> {
    return this.#all[Symbol.iterator]();
  }

  add(bucket: string, subscription: Subscription): void {
    this.#all.add(subscription);
    let members = this.#byBucket.get(bucket);
    if (!members) this.#byBucket.set(bucket, (members = new Set()));
    members.add(subscription);
  }

  remove(bucket: string, subscription: Subscription): void {
    this.#all.delete(subscription);
    const members = this.#byBucket.get(bucket);
    members?.delete(subscription);
    if (members?.size === 0) this.#byBucket.delete(bucket);
  }

  /** Tells everybody in these buckets, each bucket once. */
  offer(event: CacheEvent, buckets: Iterable<string>): void {
    for (const bucket of buckets) {
      const members = this.#byBucket.get(bucket);
      if (members) for (const subscription of members) subscription.offer(event);
    }
  }
}

export const WHOLE_KIND = "";
export const ofObject = (key: string): string => `key ${key}`;
export const ofValue = (value: string): string => `value ${value}`;
