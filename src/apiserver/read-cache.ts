import { present } from "#base/assert";
import type { AnyObject, Resource } from "#machinery/schema";
import type { ReadCache } from "./contracts.ts";
import type { ResourceSet, ServedKind } from "./resource-set.ts";
import type { Item } from "./storage/item.ts";
import { everything } from "./watch/scope.ts";

/** The server's own state, as its inner rooms read it: without a request, and shared with everyone. */
export class ServerReadCache implements ReadCache {
  readonly #kinds: ResourceSet;

  constructor(kinds: ResourceSet) {
    this.#kinds = kinds;
  }

  get<T extends AnyObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
  ): T | undefined {
    const kind = this.#kind(resource);
    const item = kind.storage!.cache.get(namespace ?? "", name);
    return item && objectOf<T>(kind, item);
  }

  *list<T extends AnyObject>(resource: Resource<T>, namespace = ""): Iterable<T> {
    const kind = this.#kind(resource);
    for (const item of kind.storage!.cache.select({ ...everything, namespace }))
      yield objectOf<T>(kind, item);
  }

  *listIndexed<T extends AnyObject>(resource: Resource<T>, value: string): Iterable<T> {
    const kind = this.#kind(resource);
    const found = kind.storage!.cache.select({ ...everything, indexed: value });
    for (const item of found) yield objectOf<T>(kind, item);
  }

  onChange<T extends AnyObject>(
    resource: Resource<T>,
    listener: (change: { readonly before: T | undefined; readonly after: T | undefined }) => void,
  ): () => void {
    const kind = this.#kind(resource);
    return kind.storage!.cache.onChange((before, after) =>
      listener({ before: before && objectOf<T>(kind, before), after: after && objectOf<T>(kind, after) }),
    );
  }

  #kind<T extends AnyObject>(resource: Resource<T>): ServedKind {
    const kind = present(this.#kinds.of(resource), `the kind ${resource.kind}`);
    present(kind.storage, `the storage of ${resource.kind}`);
    return kind;
  }
}

const objectOf = <T extends AnyObject>({ view }: ServedKind, item: Item): T =>
  (view.asStored ? item.open() : view.object(item)) as T;
