import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Measures } from "#base/measures";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import type { Transport } from "#client/transport";
import type { Resource } from "#machinery/schema";
import type { Store } from "#store/store";
import { Aggregation } from "./aggregation/aggregation.ts";
import type { FrontProxyIdentity, IdentityHeaders } from "./aggregation/front-proxy.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { type Advertised, advertise } from "./bootstrap.ts";
import type { AdmissionPlugin, Authenticator, Authorizer, Loopback, ReadCache, User } from "./contracts.ts";
import { type Core, startCore } from "./core.ts";
import type { Encryption } from "./encryption/encryption.ts";
import { Entrances, type ListenOptions, type Listening } from "./entrances.ts";
import type { FeatureGates } from "./gates.ts";
import type { AddedHandlers } from "./handler-tables.ts";
import type { Health, HealthCheck } from "./health/health.ts";
import type { Exchange } from "./http/exchange.ts";
import { RegisteredMeasures } from "./instruments/registered-measures.ts";
import type { Limits } from "./limits.ts";
import { type LoadControl, drain, keepFlowControl, startLoadControl } from "./load-control.ts";
import type { RequestMetrics } from "./metrics.ts";
import { bootstrapObjects, startOwnWork } from "./own-work.ts";
import type { Chain } from "./request/chain.ts";
import { Dispatcher } from "./request/dispatch.ts";
import type { ResourceSet } from "./resource-set.ts";
import { AdmissionChain } from "./rest/admission-chain.ts";
import type { RestDeps } from "./rest/deps.ts";
import { scaleSubresource } from "./rest/subresources/scale.ts";
import { showSelf } from "./self/self.ts";
import { keepAddresses } from "./server-addresses.ts";
import type { ServiceRangeOptions } from "./service-ranges.ts";
import { type Guards, Serving } from "./serving.ts";
import { standardHooks } from "./standard-hooks.ts";
import { addStandardPaths } from "./standard-paths.ts";

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

async function start(options: ApiServerOptions, scope: Scope): Promise<ApiServer> {
  const core = await startCore(options, scope);
  const place: Place = { url: "https://localhost" };
  const aggregation = aggregationOf(core, options);
  showStandardPaths(core, aggregation, place);
  const load = startLoadControl({ ...core, paths: core.handlers.paths });
  // The rooms are made of what they guard: they see the loopback before they exist themselves.
  const plugins: AdmissionPlugin[] = [];
  const serving = servingOf(core, { aggregation, load, plugins });
  const loopback = serving.transport(LOOPBACK_USER, { authorizer: allowAll, audit: undefined });
  const rooms = await options.rooms(innerOf(core, loopback));
  plugins.push(...rooms.admission);
  core.handlers.add(rooms);

  const measures = new RegisteredMeasures(core.metrics.registry);
  const own = { ...core, loopback, measures, aggregation };
  await bootstrapObjects(own);
  await startOwnWork(own);
  core.feed.hasStarted();
  if (options.priorityAndFairness ?? true) await keepFlowControl({ ...own, flow: load.flow });

  const guards: Guards = { impersonate: undefined, audit: undefined, ...rooms };
  const entrances = entrancesOf(core, serving.chain(guards).handle, aggregation, place);
  const { cache, gates, metrics, health, limits, clock } = core;
  return {
    transport: (user) => serving.transport(user, guards),
    cache,
    gates,
    metrics,
    measures,
    health,
    listen: (where) => entrances.open(where),
    advertise: (where) => advertiseAt(where, own),
    async close() {
      const { inFlight } = load;
      await drain({ health, inFlight, refuse: () => entrances.refuse(), clock, limits });
      await scope.close();
    },
  };
}

/** Where clients reach this server, as far as it knows by now. */
interface Place {
  url: string;
}

function aggregationOf(core: Core, { frontProxy, identityHeaders }: ApiServerOptions): Aggregation {
  const { registry } = core.metrics;
  return new Aggregation({ ...core, registry, identity: frontProxy ?? nobody, identityHeaders });
}

/** Extension servers that want to know who asks them are told nothing. */
const nobody = () => undefined;

/** What the server says of itself and of the API. */
function showStandardPaths(core: Core, aggregation: Aggregation, place: Place): void {
  const { paths } = core.handlers;
  const address = () => place.url.replace(/^https:\/\//, "");
  addStandardPaths(paths, { ...core, aggregation, address });
  showSelf({ ...core, registry: core.metrics.registry, paths });
}

interface Served {
  readonly aggregation: Aggregation;
  readonly load: LoadControl;
  readonly plugins: readonly AdmissionPlugin[];
}

function servingOf(core: Core, { aggregation, load, plugins }: Served): Serving {
  const { clock, random, limits, kinds, handlers, metrics, gates, scope } = core;
  const admission = new AdmissionChain(plugins, clock, metrics.admission);
  const deps: RestDeps = { clock, random, limits, gates, kinds, admission, hooks: standardHooks(core) };
  return new Serving({
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
}

const innerOf = (
  { cache, clock, random, gates, kinds, metrics, scope }: Core,
  loopback: Loopback,
): Inner => ({
  cache,
  loopback,
  clock,
  random,
  gates,
  kinds,
  metrics: metrics.registry,
  closing: scope.signal,
});

function entrancesOf(
  { clock, limits, scope }: Core,
  handle: Chain["handle"],
  { takesUpgrade }: Aggregation,
  place: Place,
): Entrances {
  return new Entrances({ clock, limits, handle, takesUpgrade, scope, opened: (url) => (place.url = url) });
}

async function advertiseAt(where: Advertised, own: Core & { readonly loopback: Loopback }): Promise<void> {
  const { store, clock, scope, loopback, cache, ranges } = own;
  const { port, address } = where;
  const publish = (addresses: readonly string[]) =>
    advertise(loopback, cache, { addresses, port }, ranges.addresses);
  if (store.isShared) await keepAddresses({ store, clock, publish }, where, scope);
  else await publish([address]);
}

const allowAll: Authorizer = { authorize: () => ({ verdict: "allow", reason: "" }) };
