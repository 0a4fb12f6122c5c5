import assert from "node:assert/strict";
import { type KubeConfig, type V1ObjectMeta, Watch } from "@kubernetes/client-node";
import { httpCall } from "./http-call.ts";

export type WatchQuery = Readonly<Record<string, string | number | boolean | undefined>>;

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

export interface WatchEvent<T> {
  readonly type: WatchEventType;
  readonly object: T;
}

/** A watch by the JavaScript client, whose events are kept and can be waited for. */
export class Watching<T> {
  /** All so far. */
  readonly events: WatchEvent<T>[] = [];
  readonly #listeners = new Set<() => void>();
  #stop: AbortController | undefined;
  #next = 0;
  /** Why it ended: undefined while it goes on. */
  #ended: { readonly error: unknown } | undefined;

  static async start<T>(
    config: KubeConfig,
    collection: string,
    query: WatchQuery,
    signal: AbortSignal,
  ): Promise<Watching<T>> {
    signal.throwIfAborted();
    const watching = new Watching<T>();
    watching.#stop = await new Watch(config).watch(
      collection,
      query,
      (type, object: T) => {
        watching.events.push({ type: type as WatchEventType, object });
        watching.#tell();
      },
      (error: unknown) => {
        watching.#ended = { error };
        watching.#tell();
      },
    );
    signal.addEventListener("abort", () => watching.stop(), { once: true });
    return watching;
  }

  /**
   * The next event that fits, after the one that was given before; those between are passed over. Fails when the watch
   * ends, which it does with the test.
   */
  async next(fits: (event: WatchEvent<T>) => boolean = () => true): Promise<WatchEvent<T>> {
    for (;;) {
      while (this.#next < this.events.length) {
        const event = this.events[this.#next++]!;
        if (fits(event)) return event;
      }
      if (this.#ended) throw new Error(`the watch ended after ${this.told()}`, { cause: this.#ended.error });
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** Resolves when the server or the test ends it. */
  async ended(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#listeners.add(resolve));
  }

  /** `ADDED name, MODIFIED name, …`. */
  told(): string {
    const nameOf = (object: T) => (object as { metadata?: V1ObjectMeta }).metadata?.name ?? "";
    return this.events.map(({ type, object }) => `${type} ${nameOf(object)}`).join(", ");
  }

  stop(): void {
    this.#stop?.abort();
  }

  #tell(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

interface Item {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string };
}

/** Lists a collection and follows it until its objects are as wanted. */
export async function untilItems<T>(
  config: KubeConfig,
  collection: string,
  query: WatchQuery,
  wanted: (items: readonly T[]) => boolean,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const items = new Map<string, T>();
  for (;;) {
    let resourceVersion = await list(config, collection, query, items, signal);
    if (wanted([...items.values()])) return [...items.values()];
    for (;;) {
      const watching = await Watching.start<T>(config, collection, { ...query, resourceVersion }, signal);
      try {
        for (;;) {
          const { type, object } = await watching.next();
          // The history is gone: from the beginning.
          if (type === "ERROR") break;
          const { metadata } = object as Item;
          resourceVersion = metadata.resourceVersion;
          if (type === "DELETED") items.delete(keyOf(metadata));
          else if (type !== "BOOKMARK") items.set(keyOf(metadata), object);
          if (wanted([...items.values()])) return [...items.values()];
        }
        break;
      } catch (error) {
        if (signal.aborted)
          throw new Error(`time was over, and ${collection} had ${JSON.stringify([...items.values()])}`, {
            cause: error,
          });
        // A quiet watch is ended by the client, and goes on where it was.
      } finally {
        watching.stop();
      }
    }
  }
}

const keyOf = ({ namespace = "", name }: Item["metadata"]): string => `${namespace}/${name}`;

/** Fills the map; gives the list's resourceVersion. */
async function list<T>(
  config: KubeConfig,
  collection: string,
  query: WatchQuery,
  items: Map<string, T>,
  signal: AbortSignal,
): Promise<string> {
  const words = Object.entries(query).map(([key, value]) => [key, String(value)]);
  const answer = await httpCall(config, "GET", `${collection}?${new URLSearchParams(words)}`, {}, signal);
  assert.equal(answer.code, 200, answer.body);
  const found = answer.json<{ metadata: { resourceVersion: string }; items: (T & Item)[] }>();
  items.clear();
  for (const item of found.items) items.set(keyOf(item.metadata), item);
  return found.metadata.resourceVersion;
}
