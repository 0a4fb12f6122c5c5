import { Status as StatusKind } from "#api/meta-v1/status";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { resources as builtIn } from "#api/registry";
import { present } from "#base/assert";
import type { Clock } from "#base/clock";
import { parseCidr } from "#base/ip";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import type { Transport } from "#client/transport";
import type { Resource } from "#machinery/schema";
import type { Store } from "#store/store";
import type { AdmissionPlugin, Authenticator, Authorizer, Loopback, ReadCache, User } from "./contracts.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { CustomKinds } from "./custom/custom-kinds.ts";
import { type Advertised, advertise, bootstrapNamespaces, bootstrapServiceRange } from "./bootstrap.ts";
import { Discovery } from "./discovery/discovery.ts";
import { FeatureGates } from "./gates.ts";
import { Health, type HealthCheck } from "./health/health.ts";
import type { Exchange } from "./http/exchange.ts";
import { Listener, type ServingCertificate } from "./http/listener.ts";
import { InProcessTransport } from "./in-process/transport.ts";
import { KindFactory } from "./kinds.ts";
import { type Limits, defaultLimits } from "./limits.ts";
import { RequestMetrics } from "./metrics.ts";
import { MEDIA_TYPE } from "./negotiation/accept.ts";
import { encodeValue } from "./negotiation/answer-writer.ts";
import { ServerReadCache } from "./read-cache.ts";
import { OpenApi } from "./openapi/openapi.ts";
import { Chain } from "./request/chain.ts";
import { Dispatcher, type Handler, type SubresourceHandlers } from "./request/dispatch.ts";
import type { ConnectHandler, PathHandler } from "./request/handlers.ts";
import { PathTable } from "./request/path-table.ts";
import { ResourceSet } from "./resource-set.ts";
import { AdmissionChain } from "./rest/admission-chain.ts";
import type { RestDeps } from "./rest/deps.ts";
import type { KindHooks } from "./rest/kind-hooks.ts";
import type { ServiceRanges } from "./rest/services/ranges.ts";
import { ServiceHooks } from "./rest/services/service-hooks.ts";
import { bind } from "./rest/subresources/binding.ts";
import { evict } from "./rest/subresources/eviction.ts";
import { partSubresources } from "./rest/subresources/parts.ts";
import { scaleSubresource } from "./rest/subresources/scale.ts";
import { Feed } from "./watch/feed.ts";
import { versionInfo } from "./version.ts";

const log = logger("apiserver");

/** What the other rooms bring in, made once the server can read its own state. */
export interface Rooms {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly impersonate?: (user: User, exchange: Exchange, authorizer: Authorizer) => Promise<User>;
  /** By `apiVersion/Kind`, for kinds that are asked and not stored. */
  readonly reviews?: ReadonlyMap<string, Handler>;
  /** By `group/resource/subresource`; the core group goes without its name: `serviceaccounts/token`. */
  readonly subresources?: ReadonlyMap<string, SubresourceHandlers>;
  /** As `subresources`: those that take their connection over, such as `pods/exec`. */
  readonly connects?: ReadonlyMap<string, ConnectHandler>;
  readonly paths?: ReadonlyMap<string, PathHandler>;
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
  /** Ranges that services get their addresses and node ports from. */
  readonly services?: {
    /** One range, or one of each family, in CIDR form. */
    readonly addresses?: readonly string[];
    readonly nodePorts?: ServiceRanges["nodePorts"];
  };
  readonly healthChecks?: readonly HealthCheck[];
}

export interface ListenOptions extends ServingCertificate {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM of the authorities whose client certificates count. */
  readonly clientCa: string;
}

export interface ApiServer {
  /** The server as a function call, for this user. */
  transport(user: User): Transport;
  readonly cache: ReadCache;
  readonly gates: FeatureGates;
  readonly metrics: RequestMetrics;
  readonly health: Health;
  /** Makes this address the one behind the service `kubernetes`. */
  advertise(where: Advertised): Promise<void>;
  /** Serves TLS; gives the port. May be called for several addresses. */
  listen(options: ListenOptions): Promise<{
    readonly url: string;
    readonly port: number;
    readonly renew: (certificate: ServingCertificate) => void;
  }>;
  close(): Promise<void>;
}

/** Who the server itself is, where it is its own client. */
export const LOOPBACK_USER: User = { name: "system:apiserver", groups: ["system:masters"] };

/** Component statuses are neither stored nor asked: health checks have taken their place. */
const isServed = ({ servedByDefault, kind }: Resource): boolean =>
  servedByDefault && kind !== "ComponentStatus";

/** In process, the last part of the user's name stands for the program: `kube-scheduler`, `deployment-controller`. */
const programOf = ({ name }: User): string => name.slice(name.lastIndexOf(":") + 1);

/** Reads its caches from the store and serves. Nothing listens until `listen` is called. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random } = options;
  const scope = new Scope((error) => log.error("the API server's own work failed", { error }));
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const gates = new FeatureGates(options.gates);
  const feed = new Feed(store, clock);
  const kinds = new ResourceSet();
  const factory = new KindFactory({ store, feed, limits, clock });
  for (const resource of options.resources ?? builtIn.filter(isServed)) {
    kinds.add(factory.make(resource));
  }
  await feed.start(scope);
  keepBookmarking(scope, clock, feed, limits);

  const cache = new ServerReadCache(kinds);
  const ranges = rangesOf(options.services);
  const hooks = kindHooks(kinds, { ranges, clock, random });
  // The rooms are made of what they guard: they see the loopback before they exist themselves.
  const plugins: AdmissionPlugin[] = [];
  const deps: RestDeps = {
    clock,
    random,
    limits,
    gates,
    kinds,
    admission: new AdmissionChain(plugins),
    hooks,
  };
  const subresources = new Map<string, SubresourceHandlers>([
    ...partSubresources,
    ["pods/binding", { create: bind }],
    ["pods/eviction", { create: evict }],
  ]);
  const reviews = new Map<string, Handler>([["v1/Binding", bind]]);
  const connects = new Map<string, ConnectHandler>();
  const dispatcher = new Dispatcher(deps, subresources, reviews, scaleSubresource);
  const metrics = new RequestMetrics();
  const paths = new PathTable();
  const health = new Health();
  const chainFor = ({ authenticator, authorizer, impersonate, audit }: Omit<Rooms, "admission">) =>
    new Chain({
      clock,
      random,
      limits,
      kinds,
      dispatcher,
      authenticator,
      authorizer,
      impersonate,
      paths: paths.find,
      connects,
      metrics,
      gates,
      audit,
      closing: scope.signal,
    });
  const transportFor = (user: User, authorizer: Authorizer, audit?: AuditLog): Transport =>
    new InProcessTransport({
      user,
      kinds,
      dispatcher,
      authorizer,
      handle: (exchange, as) =>
        chainFor({ authenticator: { authenticate: () => Promise.resolve(as) }, authorizer, audit }).handle(
          exchange,
        ),
      userAgent: programOf(user),
      clock,
      random,
      audit,
    });
  const loopback = transportFor(LOOPBACK_USER, allowAll);
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
  for (const [key, handlers] of rooms.subresources ?? []) subresources.set(key, handlers);
  for (const [key, handler] of rooms.reviews ?? []) reviews.set(key, handler);

  for (const [key, handler] of rooms.connects ?? []) connects.set(key, handler);
  if (kinds.of(Namespace)) await bootstrapNamespaces(loopback, cache);
  if (kinds.of(ServiceCIDR)) await bootstrapServiceRange(loopback, cache, ranges.addresses);

  if (kinds.of(CustomResourceDefinition)) {
    await new CustomKinds({ kinds, cache, loopback, store, feed, limits, clock, random, scope }).start();
  }

  let url = "https://localhost";
  for (const check of options.healthChecks ?? []) health.add(check);
  health.add({ name: "store", check: async () => void (await store.get("/registry/health")) });
  health.add({
    name: "watch-cache",
    check: () => (feed.following ? undefined : "the store cannot be followed"),
  });
  const discovery = new Discovery(kinds, () => url.replace(/^https:\/\//, ""));
  for (const path of ["/api", "/api/", "/apis", "/apis/"]) paths.add(path, discovery.handle);
  const openApi = new OpenApi(kinds);
  paths.add("/openapi/v2", openApi.v2);
  paths.add("/openapi/v3", openApi.v3);
  paths.add("/openapi/v3/", openApi.v3);
  for (const root of ["livez", "readyz", "healthz"]) {
    paths.add(`/${root}`, health.handle);
    paths.add(`/${root}/`, health.handle);
  }
  paths.add(
    "/version",
    json(() => versionInfo),
  );
  paths.add(
    "/version/",
    json(() => versionInfo),
  );
  paths.add("/metrics", async ({ exchange, headers }) => {
    const body = Buffer.from(await metrics.text());
    exchange.reply(200, { ...headers, "content-type": metrics.registry.contentType }, body);
  });
  for (const [path, handler] of rooms.paths ?? []) paths.add(path, handler);
  paths.add(
    "/",
    json(() => ({ paths: paths.list() })),
  );

  const chain = chainFor(rooms);
  return {
    transport: (user) => transportFor(user, rooms.authorizer, rooms.audit),
    cache,
    gates,
    metrics,
    health,
    async listen({ host, port, clientCa, certificate, key }) {
      const listener = new Listener({ clientCa, certificate, key, clock, limits, handle: chain.handle });
      const address = await listener.listen(host, port);
      scope.defer(() => listener.close());
      url = `https://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
      return { url, port: address.port, renew: (renewed) => listener.renew(renewed) };
    },
    advertise: (where) => advertise(loopback, cache, where, ranges.addresses),
    close: () => scope.close(),
  };
}

const SERVICE_ADDRESSES = ["10.96.0.0/12"];
const NODE_PORTS = { first: 30_000, last: 32_767 };

function rangesOf({
  addresses = SERVICE_ADDRESSES,
  nodePorts = NODE_PORTS,
}: NonNullable<ApiServerOptions["services"]> = {}): ServiceRanges {
  return { addresses: addresses.map((text) => present(parseCidr(text), `a range in ${text}`)), nodePorts };
}

/** What single kinds need beyond their rules. */
function kindHooks(
  kinds: ResourceSet,
  {
    ranges,
    clock,
    random,
  }: { readonly ranges: ServiceRanges; readonly clock: Clock; readonly random: Random },
): ReadonlyMap<string, KindHooks> {
  const hooks = new Map<string, KindHooks>();
  const storage = kinds.of(Service)?.storage;
  if (storage) {
    const fresh = () => storage.fresh();
    hooks.set("v1/Service", new ServiceHooks({ ranges, services: storage.cache, clock, random, fresh }));
  }
  hooks.set("v1/Namespace", {
    holdsOn: (object) => ((object as Namespace).spec.finalizers ?? []).length > 0,
  });
  return hooks;
}

const allowAll: Authorizer = { authorize: () => ({ verdict: "allow", reason: "" }) };

/** Tells watchers now and then how far the world has come, so that they can go on from there. */
function keepBookmarking(scope: Scope, clock: Clock, feed: Feed, { bookmarkMs }: Limits): void {
  let cancel = () => undefined as void;
  const next = () => {
    cancel = clock.after(bookmarkMs, () => {
      for (const cache of feed.caches) if (cache.watcherCount > 0) cache.bookmark(feed.revision);
      next();
    });
  };
  next();
  scope.defer(() => {
    cancel();
    for (const cache of feed.caches) cache.endWatches();
  });
}

const json =
  (make: () => object): PathHandler =>
  ({ exchange, headers }) =>
    exchange.reply(
      200,
      { ...headers, "content-type": MEDIA_TYPE.json },
      encodeValue(make(), StatusKind, "json", true),
    );
