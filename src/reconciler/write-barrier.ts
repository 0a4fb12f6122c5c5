import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { AnyObject } from "#machinery/schema";
import type { Informer } from "#client/informer";
import { newerOf } from "#client/resource-version";

const log = logger("write-barrier");

/** A pass waits this long for the caches; after that it goes on with what they have. */
const BARRIER_MS_MAX = 60_000;

/** Which deleted objects the caches still hold. One per controller; it listens to each cache once. */
export class Departures {
  readonly #awaited = new Map<string, (() => void)[]>();
  readonly #listened = new Set<Informer<AnyObject>>();
  readonly #stops: (() => void)[] = [];

  /** Resolves when the cache knows that the object is gone or on its way out. */
  seen(informer: Informer<AnyObject>, { metadata }: AnyObject): Promise<void> {
    const { namespace, name, uid } = metadata;
    const known = informer.get(namespace, name);
    if (!known || known.metadata.uid !== uid || isLeaving(known)) return Promise.resolve();
    this.#listen(informer);
    return new Promise((resolve) => {
      const awaited = this.#awaited.get(uid);
      if (awaited) awaited.push(resolve);
      else this.#awaited.set(uid, [resolve]);
    });
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #listen(informer: Informer<AnyObject>): void {
    if (this.#listened.has(informer)) return;
    this.#listened.add(informer);
    const stop = informer.handle({
      updated: (object) => isLeaving(object) && this.#departed(object),
      deleted: (object) => this.#departed(object),
    });
    this.#stops.push(stop);
  }

  #departed({ metadata }: AnyObject): void {
    for (const resolve of this.#awaited.get(metadata.uid) ?? []) resolve();
    this.#awaited.delete(metadata.uid);
  }
}

const isLeaving = ({ metadata }: AnyObject): boolean => metadata.deletionTimestamp !== undefined;

/** Remembers what one pass has written, so that the next one waits until the caches have seen it. */
export class WriteBarrier {
  readonly #departures: Departures;
  readonly #written = new Map<Informer<AnyObject>, string>();
  readonly #deleted: { readonly informer: Informer<AnyObject>; readonly object: AnyObject }[] = [];

  constructor(departures: Departures) {
    this.#departures = departures;
  }

  written(informer: Informer<AnyObject>, resourceVersion: string): void {
    this.#written.set(informer, newerOf(resourceVersion, this.#written.get(informer) ?? ""));
  }

  deleted(informer: Informer<AnyObject>, object: AnyObject): void {
    this.#deleted.push({ informer, object });
  }

  /** Resolves when the caches have seen everything; undefined when they have already. */
  settled(clock: Clock, signal: AbortSignal): Promise<void> | undefined {
    const behind = [...this.#written].filter(([informer, version]) => !informer.hasReached(version));
    if (behind.length === 0 && this.#deleted.length === 0) return undefined;
    return this.#settle(behind, clock, signal);
  }

  async #settle(
    behind: readonly (readonly [Informer<AnyObject>, string])[],
    clock: Clock,
    signal: AbortSignal,
  ): Promise<void> {
    const done = new AbortController();
    const ends = AbortSignal.any([signal, done.signal]);
    const all = Promise.all([
      ...behind.map(([informer, version]) => informer.reached(version, { signal: ends })),
      ...this.#deleted.map(({ informer, object }) => this.#departures.seen(informer, object)),
    ]);
    const expired = sleep(clock, BARRIER_MS_MAX, { signal: ends }).then(() =>
      log.warn("caches have not caught up", { waitedMs: BARRIER_MS_MAX }),
    );
    await Promise.race([all, expired]).catch(() => undefined);
    all.catch(() => undefined);
    expired.catch(() => undefined);
    done.abort();
  }
}
