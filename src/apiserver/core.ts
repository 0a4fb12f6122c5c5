import { resources as builtIn } from "#api/registry";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Store } from "#store/store";
import { FeatureGates } from "./gates.ts";
import { HandlerTables } from "./handler-tables.ts";
import { Health } from "./health/health.ts";
import { storeCheck } from "./health/store-check.ts";
import { KindFactory } from "./kinds.ts";
import { type Limits, defaultLimits } from "./limits.ts";
import { RequestMetrics } from "./metrics.ts";
import { Messages } from "./negotiation/messages.ts";
import { ServerReadCache } from "./read-cache.ts";
import { ResourceSet } from "./resource-set.ts";
import { componentStatuses } from "./rest/component-status.ts";
import type { ServiceRanges } from "./rest/services/ranges.ts";
import { servedResources } from "./runtime-config.ts";
import type { ApiServerOptions } from "./server.ts";
import { rangesOf } from "./service-ranges.ts";
import { keepBookmarking } from "./watch/bookmarks.ts";
import { Feed } from "./watch/feed.ts";

/** What everything else of the server is made of: its state, and what it knows of itself. */
export interface Core {
  /** As the server sees it: decrypted. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  readonly limits: Limits;
  readonly gates: FeatureGates;
  readonly feed: Feed;
  readonly kinds: ResourceSet;
  readonly cache: ServerReadCache;
  readonly ranges: ServiceRanges;
  readonly handlers: HandlerTables;
  readonly metrics: RequestMetrics;
  readonly health: Health;
}

/** Reads what the store has. */
export async function startCore(asked: ApiServerOptions, scope: Scope): Promise<Core> {
  const { clock, random, encryption } = asked;
  const store = encryption?.around(asked.store) ?? asked.store;
  const options = { ...asked, store };
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const gates = new FeatureGates(options.gates);
  const feed = new Feed(store, clock);
  const kinds = await startKinds(options, { feed, limits, scope });
  const cache = new ServerReadCache(kinds);
  const ranges = rangesOf(options.services);
  const handlers = new HandlerTables();
  const metrics = new RequestMetrics();
  const health = healthOf(options, feed);
  const components = [...(options.components ?? []), { name: "etcd-0", check: storeCheck(store, clock) }];
  handlers.reviews.set("v1/ComponentStatus", componentStatuses(components));
  encryption?.attach({ registry: metrics.registry, health, onRetry: () => feed.readAgain() });
  return {
    store,
    clock,
    random,
    scope,
    limits,
    gates,
    feed,
    kinds,
    cache,
    ranges,
    handlers,
    metrics,
    health,
  };
}

/** The kinds of the definitions, with what the store has of them; they follow it from here on. */
async function startKinds(
  { store, clock, resources }: ApiServerOptions,
  { feed, limits, scope }: { readonly feed: Feed; readonly limits: Limits; readonly scope: Scope },
): Promise<ResourceSet> {
  const kinds = new ResourceSet();
  const messages = new Messages(clock);
  scope.defer(() => messages.close());
  const factory = new KindFactory({ store, feed, limits, clock, messages });
  for (const resource of resources ?? servedResources(builtIn)) kinds.add(factory.make(resource));
  await feed.start(scope);
  keepBookmarking(scope, clock, feed, limits);
  return kinds;
}

function healthOf({ healthChecks = [], store, clock }: ApiServerOptions, feed: Feed): Health {
  const health = new Health();
  for (const check of healthChecks) health.add(check);
  health.add({ name: "etcd", check: storeCheck(store, clock) });
  health.add({
    name: "informer-sync",
    onlyReadiness: true,
    check: () => (feed.following ? undefined : "the store cannot be followed"),
  });
  return health;
}
