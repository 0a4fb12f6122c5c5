import { applyDefaults } from "#machinery/derive/defaults";
import type { Resource } from "#machinery/schema";
import type { Clock } from "#base/clock";
import type { Store } from "#store/store";
import type { Limits } from "./limits.ts";
import type { Messages } from "./negotiation/messages.ts";
import { type ServedKind, groupResourceOf } from "./resource-set.ts";
import { conversionFor, storedKind } from "./storage/conversions.ts";
import type { Item } from "./storage/item.ts";
import { KindStorage } from "./storage/kind-storage.ts";
import { prefixOf } from "./storage/keys.ts";
import { textAt } from "./storage/peek.ts";
import { SharedLeases } from "./storage/leases.ts";
import { convertedView, storedView } from "./storage/view.ts";
import type { Feed } from "./watch/feed.ts";
import { KindCache } from "./watch/kind-cache.ts";
import { INDEXED_FIELD } from "./rest/selection.ts";

export interface KindFactoryOptions {
  readonly store: Store;
  readonly feed: Feed;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly messages: Messages;
}

/** Makes served kinds from definitions; those that share a prefix of the store share its cache. */
export class KindFactory {
  readonly #options: KindFactoryOptions;
  readonly #eventLeases: SharedLeases;

  constructor(options: KindFactoryOptions) {
    this.#options = options;
    this.#eventLeases = new SharedLeases(options.store, options.clock, options.limits.eventTtlSeconds);
  }

  make(resource: Resource): ServedKind {
    const groupResource = groupResourceOf(resource);
    const view = viewOf(resource);
    const deprecation = DEPRECATIONS[`${resource.apiVersion}/${resource.kind}`];
    const shown = { resource, groupResource, view, ...(deprecation ? { warning: deprecation } : {}) };
    if (!isStored(resource)) return { ...shown, storage: undefined };
    const { store, feed, limits, messages } = this.#options;
    const prefix = prefixOf(resource.storagePrefix);
    let cache = feed.cacheFor(prefix);
    if (!cache) {
      cache = new KindCache({ prefix, indexedValue: indexOf(resource), limits });
      feed.add(cache);
    }
    const leaseFor = resource.storagePrefix === "events" ? this.#eventLeases.take : undefined;
    const storage = new KindStorage({ store, feed, cache, limits, groupResource, leaseFor });
    return { ...shown, storage, messages };
  }
}

/** Kinds that are still served, and what whoever asks for them is told. */
const DEPRECATIONS: Readonly<Record<string, string>> = {
  "v1/ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
  "v1/Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

const isStored = ({ verbs }: Resource): boolean => verbs.includes("get") && verbs.includes("create");

function viewOf(resource: Resource) {
  if (resource.storedAs === undefined) return storedView;
  const { fromStored, toStored } = conversionFor(resource);
  const stored = storedKind(resource);
  // What this version does not know has the defaults of the one that is stored.
  return convertedView(resource, {
    fromStored,
    toStored: (object) => applyDefaults(stored, toStored(object)),
  });
}

function indexOf(resource: Resource): ((item: Item) => string) | undefined {
  const field = INDEXED_FIELD[`${resource.apiVersion}/${resource.kind}`];
  if (field === undefined) return undefined;
  const path = field.split(".");
  return (item) => textAt(item.stored, path) ?? "";
}
