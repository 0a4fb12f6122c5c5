/** Just enough of an API for kubelet tests: objects in memory, strategic merge, watches. */
import { Pod } from "#api/core-v1/pod";
import { keyOf } from "#client/address";
import { Client } from "#client/client";
import type { Call, ListPage, ListScope, RawResponse, Transport, Watch, WatchEvent } from "#client/transport";
import { applyStrategicMerge } from "#machinery/patch/strategic-merge";
import type { AnyObject, Resource } from "#machinery/schema";
import { decodeJson } from "#machinery/derive/json";
import { applyDefaults } from "#machinery/derive/defaults";
import * as status from "#machinery/status";

type Event = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: AnyObject };

/** Nothing takes so long, on the busiest machine: only what hangs. */
export const HANG_MS = 120_000;

export class MemoryApi implements Transport {
  readonly client = new Client(this);
  readonly writes: string[] = [];
  readonly #objects = new Map<string, AnyObject>();
  readonly #watchers = new Set<(plural: string, event: Event) => void>();
  #version = 1;

  put<T extends AnyObject>(resource: Resource<T>, object: object): T {
    const meta = (object as { metadata: object }).metadata;
    const uid = crypto.randomUUID();
    const creationTimestamp = "2026-01-01T00:00:00Z";
    const whole = {
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      status: {},
      ...object,
      metadata: {
        namespace: resource.namespaced ? "default" : undefined,
        uid,
        creationTimestamp,
        generation: 1,
        ...meta,
      },
    };
    const made = applyDefaults(resource, decodeJson(resource.schema, JSON.parse(JSON.stringify(whole))) as T);
    return this.#store(resource, made, "ADDED");
  }

  find<T extends AnyObject>(resource: Resource<T>, name: string, namespace = "default"): T | undefined {
    return this.#objects.get(`${resource.plural}/${resource.namespaced ? `${namespace}/` : ""}${name}`) as
      | T
      | undefined;
  }

  /** All objects of a kind. */
  all<T extends AnyObject>(resource: Resource<T>): readonly T[] {
    return [...this.#matching({ resource })];
  }

  /** Resolves when the condition holds, which is looked at after every change. */
  async until<T extends AnyObject>(
    resource: Resource<T>,
    name: string,
    holds: (object: T | undefined) => boolean,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = () => {
      const object = this.find(resource, name);
      // Whoever waits for the end of it asks no more of it.
      if (holds(object)) resolve(object!);
    };
    this.#watchers.add(check);
    const timer = setTimeout(() => {
      reject(
        new Error(`waited in vain; last: ${JSON.stringify(this.find(resource, name) ?? null, null, 1)}`),
      );
    }, HANG_MS);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(check);
    }
  }

  change<T extends AnyObject>(resource: Resource<T>, name: string, patch: object): T {
    const before = this.find(resource, name)!;
    return this.#store(
      resource,
      applyStrategicMerge(resource.schema, before as never, patch as never) as never,
      "MODIFIED",
    );
  }

  deletePod(name: string, graceSeconds = 30): void {
    const deletion = {
      deletionTimestamp: new Date().toISOString(),
      deletionGracePeriodSeconds: graceSeconds,
    };
    this.change(Pod, name, { metadata: deletion });
  }

  remove<T extends AnyObject>(resource: Resource<T>, name: string, namespace = "default"): void {
    const key = `${resource.plural}/${resource.namespaced ? `${namespace}/` : ""}${name}`;
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    this.#version++;
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    for (const watcher of this.#watchers) watcher(resource.plural, { type: "DELETED", object: gone });
  }

  #store<T extends AnyObject>(resource: Resource<T>, object: T, type: "ADDED" | "MODIFIED"): T {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#objects.set(`${resource.plural}/${keyOf(stored)}`, stored);
    for (const watcher of this.#watchers) watcher(resource.plural, { type, object: stored });
    return stored;
  }

  // oxlint-disable-next-line typescript/require-await -- a transport answers later
  async call<T extends AnyObject>(call: Call<T>): Promise<unknown> {
    const { resource, namespace, name = "", subresource, verb } = call;
    this.writes.push(`${verb} ${resource.plural}${subresource ? `/${subresource}` : ""} ${name}`);
    if (subresource === "token") {
      const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
      return { status: { token: `token-of-${name}`, expirationTimestamp } };
    }
    const known = this.find(resource, name, namespace);
    if (verb === "create") return this.put(resource, call.body as object);
    if (!known) throw status.notFound(resource, name);
    if (verb === "get") return known;
    if (verb === "delete") return this.remove(resource, name, namespace);
    if (verb === "update") return this.#store(resource, call.body as T, "MODIFIED");
    if (verb !== "patch") throw new Error(`${verb} is not served here`);
    const merged = applyStrategicMerge(resource.schema, known as never, call.body as never);
    return this.#store(
      resource,
      decodeJson(resource.schema, JSON.parse(JSON.stringify(merged))) as T,
      "MODIFIED",
    );
  }

  // oxlint-disable-next-line typescript/require-await -- a transport answers later
  async list<T extends AnyObject>(scope: ListScope<T>): Promise<ListPage<T>> {
    return { resourceVersion: String(this.#version), continue: "", items: [...this.#matching(scope)] };
  }

  *#matching<T extends AnyObject>({ resource, namespace, query }: ListScope<T>): Iterable<T> {
    const name = /^metadata\.name=(.*)$/.exec(query?.fieldSelector ?? "")?.[1];
    for (const [key, object] of this.#objects) {
      if (!key.startsWith(`${resource.plural}/`)) continue;
      if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
      if (name === undefined || object.metadata.name === name) yield object as T;
    }
  }

  async *watch<T extends AnyObject>(
    watch: Watch<T>,
    { signal }: { signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    const queue: Event[] = [];
    let wake = () => {};
    const name = /^metadata\.name=(.*)$/.exec(watch.query?.fieldSelector ?? "")?.[1];
    const take = (plural: string, event: Event) => {
      if (plural !== watch.resource.plural || (name !== undefined && event.object.metadata.name !== name))
        return;
      if (watch.namespace !== undefined && event.object.metadata.namespace !== watch.namespace) return;
      queue.push(event);
      wake();
    };
    this.#watchers.add(take);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      if (watch.initialEvents) {
        for (const object of Array.from(this.#matching(watch))) yield { type: "ADDED", object };
        yield { type: "BOOKMARK", resourceVersion: String(this.#version), initialEventsEnd: true };
      }
      while (!signal.aborted) {
        for (let event = queue.shift(); event; event = queue.shift()) yield event as WatchEvent<T>;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#watchers.delete(take);
    }
  }

  raw(): Promise<RawResponse> {
    throw new Error("raw requests are not served here");
  }
}
