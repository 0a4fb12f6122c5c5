import type { Registry } from "prom-client";
import type { ResourceSet, ServedKind } from "../resource-set.ts";
import type { KindCache } from "../watch/kind-cache.ts";
import { type Labels, type Sample, register } from "./instrument.ts";

/** Shows how many objects are stored, and how far the caches have come. */
export function registerStorage(registry: Registry, kinds: ResourceSet): void {
  const each = function* (
    labels: (kind: ServedKind) => Labels,
    value: (cache: KindCache) => number,
  ): Generator<Sample> {
    const seen = new Set<object>();
    for (const kind of kinds) {
      const { storage } = kind;
      if (!storage || seen.has(storage.cache)) continue;
      seen.add(storage.cache);
      yield { labels: labels(kind), value: value(storage.cache) };
    }
  };
  const gauge = (name: string, help: string, samples: () => Iterable<Sample>) =>
    register(registry, { name: `apiserver_${name}`, help, type: "gauge", samples });
  const ofKind = ({ groupResource: { group, plural } }: ServedKind) => ({ group, resource: plural });
  const size = ({ size: objects }: KindCache) => objects;
  gauge("storage_objects", "Stored objects by resource.", () =>
    each(
      ({ groupResource: { group, plural } }) => ({
        resource: group === "" ? plural : `${plural}.${group}`,
      }),
      size,
    ),
  );
  gauge("resource_objects", "Stored objects by group and resource.", () => each(ofKind, size));
  gauge("watch_cache_resource_version", "Revision of the last change that each cache has seen.", () =>
    each(ofKind, ({ changedAt }) => changedAt),
  );
  gauge("watch_cache_capacity", "Past changes that each cache keeps at most.", () =>
    each(ofKind, ({ eventsMax }) => eventsMax),
  );
  register(registry, {
    name: "apiserver_watch_cache_events_received_total",
    help: "Changes that each cache has seen.",
    type: "counter",
    samples: () => each(ofKind, ({ eventsSeen }) => eventsSeen),
  });
}
