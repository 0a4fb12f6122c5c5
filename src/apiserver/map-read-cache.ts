import type { AnyObject, Resource } from "#machinery/schema";
import type { ReadCache } from "./contracts.ts";

type Change = { readonly before: AnyObject | undefined; readonly after: AnyObject | undefined };

/** A ReadCache that is filled by hand: for tests of the rooms that read one. */
export class MapReadCache implements ReadCache {
  readonly #kinds = new Map<string, Map<string, AnyObject>>();
  readonly #listeners = new Map<string, Set<(change: Change) => void>>();

  /** Adds or replaces objects, of any kinds, and tells who listens. */
  put(...objects: readonly AnyObject[]): void {
    for (const object of objects) {
      const kind = this.#kind(`${object.apiVersion}/${object.kind}`);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      const before = kind.get(key);
      kind.set(key, object);
      this.#tell(object, { before, after: object });
    }
  }

  remove(object: AnyObject): void {
    this.#kind(`${object.apiVersion}/${object.kind}`).delete(
      keyOf(object.metadata.namespace, object.metadata.name),
    );
    this.#tell(object, { before: object, after: undefined });
  }

  get<T extends AnyObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
  ): T | undefined {
    return this.#kind(`${resource.apiVersion}/${resource.kind}`).get(keyOf(namespace, name)) as T | undefined;
  }

  *list<T extends AnyObject>(resource: Resource<T>, namespace?: string): Iterable<T> {
    for (const object of this.#kind(`${resource.apiVersion}/${resource.kind}`).values()) {
      if (namespace === undefined || object.metadata.namespace === namespace) yield object as T;
    }
  }

  *listIndexed<T extends AnyObject>(resource: Resource<T>, value: string): Iterable<T> {
    for (const object of this.list(resource)) if (nodeOf(object) === value) yield object;
  }

  onChange<T extends AnyObject>(
    resource: Resource<T>,
    listener: (change: { readonly before: T | undefined; readonly after: T | undefined }) => void,
  ): () => void {
    const key = `${resource.apiVersion}/${resource.kind}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener as (change: Change) => void);
    return () => void listeners.delete(listener as (change: Change) => void);
  }

  #kind(key: string): Map<string, AnyObject> {
    let kind = this.#kinds.get(key);
    if (!kind) this.#kinds.set(key, (kind = new Map()));
    return kind;
  }

  #tell({ apiVersion, kind }: AnyObject, change: Change): void {
    for (const listener of this.#listeners.get(`${apiVersion}/${kind}`) ?? []) listener(change);
  }
}

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

/** The only field that kinds are indexed by. */
const nodeOf = (object: AnyObject): string =>
  (object as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName ?? "";
