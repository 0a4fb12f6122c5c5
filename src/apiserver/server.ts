import { Status as StatusKind } from "#api/meta-v1/status";
import { resources as builtIn } from "#api/registry";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import type { Transport } from "#client/transport";
import type { Resource } from "#machinery/schema";
import type { Store } from "#store/store";
import type { AdmissionPlugin, Authenticator, Authorizer, Loopback, ReadCache, User } from "./contracts.ts";
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
import { Chain } from "./request/chain.ts";
import { Dispatcher, type Handler, type SubresourceHandlers } from "./request/dispatch.ts";
import type { ConnectHandler, PathHandler } from "./request/handlers.ts";
import { PathTable } from "./request/path-table.ts";
import { ResourceSet } from "./resource-set.ts";
import { AdmissionChain } from "./rest/admission-chain.ts";
import type { RestDeps } from "./rest/deps.ts";
import type { KindHooks } from "./rest/kind-hooks.ts";
import { Feed } from "./watch/feed.ts";
import { versionInfo } from "./version.ts";

const log = logger("apiserver");

/** Who may do what, and who has a say: made once the server can read its own state. */
export interface Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly impersonate?: (user: User, exchange: Exchange, authorizer: Authorizer) => Promise<User>;
  /** By `apiVersion/Kind`, for kinds that are asked and not stored. */
  readonly reviews?: ReadonlyMap<string, Handler>;
  /** By `group/resource/subresource`; the core group is empty: `/serviceaccounts/token`. */
  readonly subresources?: ReadonlyMap<string, SubresourceHandlers>;
  readonly paths?: ReadonlyMap<string, PathHandler>;
}

/** What security is made from. */
export interface Inner {
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly random: Random;
  readonly gates: FeatureGates;
}

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The kinds to serve; by default those that are served without extra flags. */
  readonly resources?: readonly Resource[];
  readonly security: (inner: Inner) => Security | Promise<Security>;
  /** Feature gates that are not at their default. */
  readonly gates?: Readonly<Record<string, boolean>>;
  readonly limits?: Partial<Limits>;
  /** What the API server does beyond the rules of kinds, by `apiVersion/Kind`. */
  readonly hooks?: ReadonlyMap<string, KindHooks>;
  /** By `group/resource/subresource`: those that take their connection over. */
  readonly connects?: ReadonlyMap<string, ConnectHandler>;
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
  /** Serves TLS; gives the port. May be called for several addresses. */
  listen(
    options: ListenOptions,
  ): Promise<{
    readonly url: string;
    readonly port: number;
    readonly renew: (certificate: ServingCertificate) => void;
  }>;
  close(): Promise<void>;
}

/** Who the server itself is, where it is its own client. */
export const LOOPBACK_USER: User = { name: "system:apiserver", groups: ["system:masters"] };
const USER_AGENT = "k8ts";

/** Reads its caches from the store and serves. Nothing listens until `listen` is called. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random } = options;
  const scope = new Scope((error) => log.error("the API server's own work failed", { error }));
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const gates = new FeatureGates(options.gates);
  const feed = new Feed(store, clock);
  const kinds = new ResourceSet();
  const factory = new KindFactory({ store, feed, limits, clock });
  for (const resource of options.resources ?? builtIn.filter(({ servedByDefault }) => servedByDefault)) {
    kinds.add(factory.make(resource));
  }
  await feed.start(scope);
  keepBookmarking(scope, clock, feed, limits);

  const cache = new ServerReadCache(kinds);
  // Security is made of what it guards: it sees the loopback before it exists itself, and uses it only afterwards.
  const plugins: AdmissionPlugin[] = [];
  const deps: RestDeps = {
    clock,
    random,
    limits,
    gates,
    kinds,
    admission: new AdmissionChain(plugins),
    hooks: options.hooks ?? new Map(),
  };
  const subresources = new Map<string, SubresourceHandlers>();
  const reviews = new Map<string, Handler>();
  const dispatcher = new Dispatcher(deps, subresources, reviews, {});
  const metrics = new RequestMetrics();
  const paths = new PathTable();
  const health = new Health();
  const chainFor = (
    authenticator: Authenticator,
    authorizer: Authorizer,
    impersonate: Security["impersonate"],
  ) =>
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
      connects: options.connects ?? new Map(),
      metrics,
      closing: scope.signal,
    });
  const transportFor = (user: User, authorizer: Authorizer): Transport =>
    new InProcessTransport({
      user,
      kinds,
      dispatcher,
      authorizer,
      handle: (exchange, as) =>
        chainFor({ authenticate: () => Promise.resolve(as) }, authorizer, undefined).handle(exchange),
      userAgent: USER_AGENT,
    });
  const loopback = transportFor(LOOPBACK_USER, allowAll);
  const security = await options.security({ cache, loopback, clock, random, gates });
  plugins.push(...security.admission);
  for (const [key, handlers] of security.subresources ?? []) subresources.set(key, handlers);
  for (const [key, handler] of security.reviews ?? []) reviews.set(key, handler);

  let url = "https://localhost";
  for (const check of options.healthChecks ?? []) health.add(check);
  health.add({ name: "store", check: async () => void (await store.get("/registry/health")) });
  const discovery = new Discovery(kinds, () => url.replace(/^https:\/\//, ""));
  for (const path of ["/api", "/api/", "/apis", "/apis/"]) paths.add(path, discovery.handle);
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
  for (const [path, handler] of security.paths ?? []) paths.add(path, handler);
  paths.add(
    "/",
    json(() => ({ paths: paths.list() })),
  );

  const chain = chainFor(security.authenticator, security.authorizer, security.impersonate);
  return {
    transport: (user) => transportFor(user, security.authorizer),
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
    close: () => scope.close(),
  };
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
