/** Shows objects to informers, for tests of what reads caches and never writes. Not a server: it knows no rules. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import type { Scope } from "#base/scope";
import { keyOf } from "#client/address";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import type { Transport, Watch, WatchEvent } from "#client/transport";
import type { AnyObject, Resource, Wire } from "#machinery/schema";

type Event = WatchEvent<AnyObject>;

export class ObjectFeed {
  readonly #objects = new Map<string, Map<string, AnyObject>>();
  readonly #watchers = new Map<string, Set<(event: Event) => void>>();
  /** Watchers that have not asked for more yet. */
  readonly #busy = new Set<object>();
  #revision = 0;

  /** Adds the object or puts it in place of what has its name. Parts that every object has are filled in. */
  set<T extends AnyObject>({ apiVersion, kind }: Resource<T>, object: Wire<T>): void {
    const given = object as Partial<AnyObject>;
    const name = given.metadata?.name ?? "";
    const base = { uid: `uid-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" };
    const metadata = { ...base, ...given.metadata, name, resourceVersion: String(++this.#revision) };
    const full = { ...given, apiVersion, kind, metadata } as unknown as AnyObject;
    const known = this.#of(kind);
    const type = known.has(keyOf(full)) ? "MODIFIED" : "ADDED";
    known.set(keyOf(full), full);
    this.#tell(kind, { type, object: full });
  }

  delete<T extends AnyObject>({ kind }: Resource<T>, key: string): void {
    const object = this.#of(kind).get(key);
    if (!object) return;
    this.#of(kind).delete(key);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#tell(kind, { type: "DELETED", object: { ...object, metadata } as AnyObject });
  }

  /** Resolves when every watcher has taken in everything shown so far. */
  async delivered(): Promise<void> {
    while (this.#busy.size > 0) await nextTurn();
  }

  informers(scope: Scope): InformerSet {
    const client = new Client(this.#transport());
    return new InformerSet({ client, clock: systemClock, random: seededRandom(1), scope });
  }

  #of(kind: string): Map<string, AnyObject> {
    let objects = this.#objects.get(kind);
    if (!objects) this.#objects.set(kind, (objects = new Map()));
    return objects;
  }

  #tell(kind: string, event: Event): void {
    for (const watcher of this.#watchers.get(kind) ?? []) watcher(event);
  }

  #transport(): Transport {
    const watch = (request: Watch<AnyObject>, options: { readonly signal: AbortSignal }) =>
      this.#watch(request, options.signal);
    return { watch } as unknown as Transport;
  }

  async *#watch({ resource: { kind }, query }: Watch<AnyObject>, signal: AbortSignal): AsyncGenerator<Event> {
    const name = /^metadata\.name=(.*)$/.exec(query?.fieldSelector ?? "")?.[1];
    const queue: Event[] = [...this.#of(kind).values()].map((object) => ({ type: "ADDED", object }));
    queue.push({ type: "BOOKMARK", resourceVersion: String(this.#revision), initialEventsEnd: true });
    let wake: () => void = () => undefined;
    const watcher = (event: Event): void => {
      queue.push(event);
      this.#busy.add(watcher);
      wake();
    };
    const watchers = this.#watchers.get(kind) ?? new Set();
    this.#watchers.set(kind, watchers.add(watcher));
    this.#busy.add(watcher);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        for (const event of queue.splice(0)) {
          if (event.type === "BOOKMARK" || name === undefined || event.object.metadata.name === name)
            yield event;
        }
        if (queue.length > 0 || signal.aborted) continue;
        this.#busy.delete(watcher);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      watchers.delete(watcher);
      this.#busy.delete(watcher);
    }
  }
}
