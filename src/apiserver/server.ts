import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { resources as builtIn } from "#api/registry";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import type { Transport } from "#client/transport";
import type { Resource } from "#machinery/schema";
import type { Store } from "#store/store";
import { Aggregation } from "./aggregation/aggregation.ts";
import type { FrontProxyIdentity, IdentityHeaders } from "./aggregation/front-proxy.ts";
import { LocalServices } from "./aggregation/local-services.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { type Advertised, advertise, bootstrapNamespaces } from "./bootstrap.ts";
import type { AdmissionPlugin, Authenticator, Authorizer, Loopback, ReadCache, User } from "./contracts.ts";
import { CustomKinds, type CustomKindsOptions } from "./custom/custom-kinds.ts";
import { Entrances, type ListenOptions, type Listening } from "./entrances.ts";
import { FeatureGates } from "./gates.ts";
import { type AddedHandlers, HandlerTables } from "./handler-tables.ts";
import { Health, type HealthCheck } from "./health/health.ts";
import { storeCheck } from "./health/store-check.ts";
import type { Exchange } from "./http/exchange.ts";
import { KindFactory } from "./kinds.ts";
import { type Limits, defaultLimits } from "./limits.ts";
import { drain, keepFlowControl, startLoadControl } from "./load-control.ts";
import type { Measures } from "#base/measures";
import { RegisteredMeasures } from "./instruments/registered-measures.ts";
import { RequestMetrics } from "./metrics.ts";
import { ServerReadCache } from "./read-cache.ts";
import { Messages } from "./negotiation/messages.ts";
import { Dispatcher } from "./request/dispatch.ts";
import { ResourceSet } from "./resource-set.ts";
import { servedResources } from "./runtime-config.ts";
import { AdmissionChain } from "./rest/admission-chain.ts";
import { componentStatuses } from "./rest/component-status.ts";
import type { RestDeps } from "./rest/deps.ts";
import { keepDefaultRange } from "./rest/services/default-range.ts";
import { keepNodePorts } from "./rest/services/node-port-repair.ts";
import type { ServiceRanges } from "./rest/services/ranges.ts";
import { scaleSubresource } from "./rest/subresources/scale.ts";
import { type ServiceRangeOptions, rangesOf } from "./service-ranges.ts";
import { keepAddresses } from "./server-addresses.ts";
import { showSelf } from "./self/self.ts";
import { type Guards, Serving } from "./serving.ts";
import { standardHooks } from "./standard-hooks.ts";
import { addStandardPaths } from "./standard-paths.ts";
import { keepBookmarking } from "./watch/bookmarks.ts";
import type { Encryption } from "./encryption/encryption.ts";
import { Feed } from "./watch/feed.ts";

const log = logger("apiserver");

/** What the other rooms bring in, made once the server can read its own state. */
export interface Rooms extends AddedHandlers {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly impersonate?: (user: User, exchange: Exchange, authorizer: Authorizer) => User | Promise<User>;
  /** Puts requests on record. */
  readonly audit?: AuditLog;
}

/** What rooms are made from. */
export interface Inner {
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly random: Random;
  readonly gates: FeatureGates;
  /** What is served now. */
  readonly kinds: ResourceSet;
  readonly metrics: RequestMetrics["registry"];
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The kinds to serve; by default those that are served without extra flags. */
  readonly resources?: readonly Resource[];
  readonly rooms: (inner: Inner) => Rooms | Promise<Rooms>;
  /** Feature gates that are not at their default. */
  readonly gates?: Readonly<Record<string, boolean>>;
  readonly limits?: Partial<Limits>;
  /** Whether flow schemas and priority levels are kept and followed; default true. Without, all share all seats. */
  readonly priorityAndFairness?: boolean;
  readonly services?: ServiceRangeOptions;
  readonly healthChecks?: readonly HealthCheck[];
  /** Parts of the control plane that have a ComponentStatus, beside the store. */
  readonly components?: readonly HealthCheck[];
  /** How this server shows extension servers that it may speak for users; read anew for each connection. */
  readonly frontProxy?: () => FrontProxyIdentity | undefined;
  /** Where proxies tell this server who asks, beside the usual headers. */
  readonly identityHeaders?: IdentityHeaders;
  /** Encrypts what is stored, as its configuration says; without it nothing is. */
  readonly encryption?: Encryption;
}

export interface ApiServer {
  /** The server as a function call, for this user. */
  transport(user: User): Transport;
  readonly cache: ReadCache;
  readonly gates: FeatureGates;
  readonly metrics: RequestMetrics;
  /** Shows what other parts of the process measure among the metrics. */
  readonly measures: Measures;
  readonly health: Health;
  /** Makes this address the one behind the service `kubernetes`, or one of them where others share the store. */
  advertise(where: Advertised): Promise<void>;
  /** Serves TLS; gives the port. May be called for several addresses. */
  listen(options: ListenOptions): Promise<Listening>;
  close(): Promise<void>;
}

/** Who the server itself is, where it is its own client. */
export const LOOPBACK_USER: User = { name: "system:apiserver", groups: ["system:masters"] };

/** Reads its caches from the store and serves. Nothing listens until `listen` is called. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const scope = new Scope((error) => log.error("the API server's own work failed", { error }));
  try {
    return await start(options, scope);
  } catch (error) {
    // What had begun already does not go on.
    await scope.close();
    throw error;
  }
}

async function start(asked: ApiServerOptions, scope: Scope): Promise<ApiServer> {
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
  let url = "https://localhost";
  const address = () => url.replace(/^https:\/\//, "");
  const identity = options.frontProxy ?? nobody;
  const aggregation = new Aggregation({
    kinds,
    cache,
    clock,
    random,
    scope,
    identity,
    identityHeaders: options.identityHeaders,
    registry: metrics.registry,
  });
  addStandardPaths(handlers.paths, { kinds, aggregation, health, metrics, clock, address });
  showSelf({ registry: metrics.registry, paths: handlers.paths, cache, kinds, gates, store, clock });
  const load = startLoadControl({
    clock,
    limits,
    gates,
    kinds,
    metrics,
    health,
    paths: handlers.paths,
    scope,
  });
  // The rooms are made of what they guard: they see the loopback before they exist themselves.
  const plugins: AdmissionPlugin[] = [];
  const deps: RestDeps = {
    clock,
    random,
    limits,
    gates,
    kinds,
    admission: new AdmissionChain(plugins, clock, metrics.admission),
    hooks: standardHooks({ kinds, ranges, clock, random }),
  };
  const serving = new Serving({
    clock,
    random,
    limits,
    kinds,
    dispatcher: new Dispatcher(deps, handlers.subresources, handlers.reviews, scaleSubresource),
    delegate: aggregation.handlerFor,
    paths: handlers.paths.find,
    connects: handlers.connects,
    metrics,
    ...load,
    gates,
    closing: scope.signal,
  });
  const loopback = serving.transport(LOOPBACK_USER, { authorizer: allowAll, audit: undefined });
  const rooms = await options.rooms({
    cache,
    loopback,
    clock,
    random,
    gates,
    kinds,
    metrics: metrics.registry,
    closing: scope.signal,
  });
  plugins.push(...rooms.admission);
  handlers.add(rooms);
  await bootstrapObjects({ kinds, cache, loopback, ranges, store, clock, random, scope });
  const measures = new RegisteredMeasures(metrics.registry);
  const own = { kinds, cache, loopback, store, feed, limits, measures, clock, random, scope, aggregation };
  await startOwnWork(own);
  feed.hasStarted();

  if (options.priorityAndFairness ?? true)
    await keepFlowControl({ flow: load.flow, kinds, cache, loopback, clock, scope });

  const guards: Guards = { impersonate: undefined, audit: undefined, ...rooms };
  const { handle } = serving.chain(guards);
  const { takesUpgrade } = aggregation;
  const entrances = new Entrances({ clock, limits, handle, takesUpgrade, scope, opened: (at) => (url = at) });
  return {
    transport: (user) => serving.transport(user, guards),
    cache,
    gates,
    metrics,
    measures,
    health,
    listen: (where) => entrances.open(where),
    async advertise(where) {
      const { port, address } = where;
      const publish = (addresses: readonly string[]) =>
        advertise(loopback, cache, { addresses, port }, ranges.addresses);
      if (store.isShared) await keepAddresses({ store, clock, publish }, where, scope);
      else await publish([address]);
    },
    async close() {
      const { inFlight } = load;
      await drain({ health, inFlight, refuse: () => entrances.refuse(), clock, limits });
      await scope.close();
    },
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

interface Bootstrapped {
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly ranges: ServiceRanges;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** Objects that every cluster has, made before anybody asks for them; those of services are kept from then on. */
async function bootstrapObjects({ kinds, cache, ranges, store, ...own }: Bootstrapped): Promise<void> {
  if (kinds.of(Namespace)) await bootstrapNamespaces(own.loopback, cache);
  if (kinds.of(ServiceCIDR)) await keepDefaultRange({ ...own, cache, ranges: ranges.addresses });
  const services = kinds.of(Service)?.storage;
  if (services) keepNodePorts({ ...own, store, services, range: ranges.nodePorts });
}

interface OwnWork extends CustomKindsOptions {
  readonly aggregation: Aggregation;
}

/** What the server does by itself as long as it lives, beside answering. */
async function startOwnWork({ aggregation, ...options }: OwnWork): Promise<void> {
  const { kinds, loopback } = options;
  if (kinds.of(CustomResourceDefinition)) await new CustomKinds(options).start();
  if (kinds.of(APIService)) await new LocalServices(options).start();
  await aggregation.start(loopback);
}

/** Extension servers that want to know who asks them are told nothing. */
const nobody = () => undefined;

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

const allowAll: Authorizer = { authorize: () => ({ verdict: "allow", reason: "" }) };
