import assert from "node:assert/strict";
import { type KubeConfig, type KubernetesObject, Watch } from "@kubernetes/client-node";

/** What never comes ends the test here, with what came instead. */
const WITHIN_MS = 100_000;

/** Longer than any wait: the client would end a watch on which nothing came for half a minute. */
const QUIET_MS = 300_000;

const FROM_THE_START = {
  sendInitialEvents: "true",
  allowWatchBookmarks: "true",
  resourceVersionMatch: "NotOlderThan",
};

export interface WatchEvent<T> {
  readonly type: string;
  readonly object: T;
}

/** A watch by the JavaScript client that keeps all that it saw. */
export class Recording<T extends KubernetesObject> {
  readonly events: WatchEvent<T>[] = [];
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<() => void>();
  #isWhole: boolean;
  #ended: unknown;
  #stop = () => {};

  private constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** Without a resource version, what exists comes first, as additions and a bookmark behind them. */
  static async start<T extends KubernetesObject>(
    config: KubeConfig,
    path: string,
    query: Readonly<Record<string, string | number | boolean | undefined>>,
  ): Promise<Recording<T>> {
    const isWhole = query.resourceVersion !== undefined;
    const recording = new Recording<T>(isWhole);
    const watch = new Watch(config);
    Object.assign(watch, { requestTimeoutMs: QUIET_MS });
    const controller = await watch.watch(
      path,
      isWhole ? query : { ...query, ...FROM_THE_START },
      (type, object: T) => recording.#take(type, object),
      (error: unknown) => recording.#end(error ?? new Error("the server ended the watch")),
    );
    recording.#stop = () => controller.abort();
    return recording;
  }

  /** Types of the events, of one object or of all. */
  types(name?: string): string[] {
    return this.events
      .filter(({ object }) => name === undefined || object.metadata?.name === name)
      .map(({ type }) => type);
  }

  /** The first event that is as wanted, also one that came already. */
  until(wanted: (event: WatchEvent<T>) => boolean, what: string): Promise<WatchEvent<T>> {
    return this.#until(() => this.events.find(wanted), what);
  }

  /** What is picked from the objects that exist. */
  untilObjects<R>(pick: (objects: readonly T[]) => R | undefined, what: string): Promise<R> {
    return this.#until(() => (this.#isWhole ? pick([...this.#objects.values()]) : undefined), what);
  }

  close(): void {
    this.#stop();
  }

  #take(type: string, object: T): void {
    if (type === "BOOKMARK") {
      this.#isWhole ||= object.metadata?.annotations?.["k8s.io/initial-events-end"] === "true";
      return this.#tell();
    }
    this.events.push({ type, object });
    const uid = object.metadata?.uid ?? "";
    if (type === "DELETED") this.#objects.delete(uid);
    else if (uid) this.#objects.set(uid, object);
    this.#tell();
  }

  #end(error: unknown): void {
    this.#ended = error;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #until<R>(look: () => R | undefined, what: string): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const check = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#ended !== undefined) reject(this.#failure(what));
    };
    const timer = setTimeout(() => reject(this.#failure(what)), WITHIN_MS);
    this.#listeners.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(check);
    }
  }

  #failure(what: string): Error {
    const last = this.events.at(-1);
    const text = last ? `${last.type} ${JSON.stringify(last.object)}` : "nothing was seen";
    return new assert.AssertionError({
      message: `${what}; ${this.events.length} events, the last: ${text}${this.#ended ? `; ${String(this.#ended)}` : ""}`,
    });
  }
}
