/**
 * Groups and versions that other servers answer for: API services with a service behind them are followed, asked whether
 * they answer, put among the groups of discovery, and get the requests that are theirs.
 */
import type { GroupFacts } from "#api/groups";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { Registry } from "prom-client";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { sameJson } from "#machinery/same-json";
import type { Loopback, ReadCache } from "../contracts.ts";
import type { AboutVersion } from "../request/chain.ts";
import type { PathHandler } from "../request/handlers.ts";
import type { ResourceSet } from "../resource-set.ts";
import { AggregationMetrics } from "./aggregation-metrics.ts";
import { type Availability, LOCAL, isAvailable, withAvailability } from "./availability.ts";
import { serviceOf } from "./backend.ts";
import {
  credentialHeaders,
  type FrontProxyIdentity,
  type IdentityHeaders,
  type IsCredential,
} from "./front-proxy.ts";
import { mergedGroups } from "./groups.ts";
import { serviceName } from "./local-services.ts";
import { probe } from "./probe.ts";
import { proxyTo } from "./proxy.ts";
import { Remote, remoteSpec } from "./remote.ts";
import { Rounds } from "./rounds.ts";

export interface AggregationOptions {
  readonly kinds: ResourceSet;
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  readonly registry: Registry;
  /** How this server shows others that it may speak for users; read anew for each connection. */
  readonly identity: () => FrontProxyIdentity | undefined;
  /** Where proxies tell this server who asks, beside the usual headers: extension servers look there, too. */
  readonly identityHeaders?: IdentityHeaders | undefined;
}

/** Servers that answer are asked again after this long, since nobody tells when they no longer do. */
const PROBE_MS = 30_000;
/** The first wait for a server that does not answer; doubled up to the usual one. */
const RETRY_MS = 5_000;

export class Aggregation {
  readonly #options: AggregationOptions;
  /** By the name of the API service. */
  readonly #remotes = new Map<string, Remote>();
  readonly #failures = new WeakMap<Remote, number>();
  readonly #metrics: AggregationMetrics;
  readonly #isCredential: IsCredential;
  #version = 0;

  constructor(options: AggregationOptions) {
    this.#options = options;
    this.#metrics = new AggregationMetrics(options.registry);
    this.#isCredential = credentialHeaders(options.identityHeaders);
  }

  /** Grows with every change of what discovery shows of API services. */
  get version(): number {
    return this.#version;
  }

  get remotes(): Iterable<Remote> {
    return this.#remotes.values();
  }

  remote(group: string, version: string): Remote | undefined {
    return this.#remotes.size === 0 ? undefined : this.#remotes.get(serviceName(group, version));
  }

  /** Who answers instead of this server. */
  readonly handlerFor = (info: AboutVersion): PathHandler | undefined => {
    if (this.#remotes.size === 0) return undefined;
    const [group = "", version = ""] = info.isResource ? [info.group, info.version] : placeOf(info.path);
    const remote = this.remote(group, version);
    return remote && ((request) => proxyTo(remote, request, this.#isCredential));
  };

  /** Whether connections for this path may change their protocol. `url` is as sent, with its query. */
  readonly takesUpgrade = (url: string): boolean => {
    if (this.#remotes.size === 0) return false;
    const [group = "", version = ""] = placeOf(url);
    return this.remote(group, version) !== undefined;
  };

  /** All groups with their versions, in the order of discovery. */
  groups(): GroupFacts[] {
    const { kinds, cache } = this.#options;
    if (!kinds.of(APIService)) return kinds.groups();
    const specs = (group: string, version: string) =>
      cache.get(APIService, undefined, serviceName(group, version))?.spec;
    return mergedGroups(kinds.groups(), [...this.#remotes.values()], specs);
  }

  /** Follows API services from here on. Resolves when those that this server answers itself say so. */
  async start(loopback: Loopback): Promise<void> {
    const { kinds, cache, clock, scope } = this.#options;
    if (!kinds.of(APIService)) return;
    const look = (name: string, signal: AbortSignal) => this.#look(loopback, name, signal);
    const rounds = new Rounds({ scope, clock, what: "see whether it answers", look });
    scope.defer(() => {
      for (const remote of this.#remotes.values()) remote.close();
    });
    const all = [...cache.list(APIService)];
    for (const service of all) this.#take(service);
    this.#follow(rounds);
    const marked = all.map(({ metadata: { name } }) => ({ name, done: rounds.mark(name) }));
    await Promise.all(marked.filter(({ name }) => !this.#remotes.has(name)).map(({ done }) => done));
  }

  #follow(rounds: Rounds): void {
    const { cache, scope } = this.#options;
    const ends = [
      cache.onChange(APIService, ({ before, after }) => {
        if (!after) {
          this.#metrics.forget(before!.metadata.name);
          return this.#drop(before!.metadata.name);
        }
        this.#take(after);
        if (before?.metadata.uid !== after.metadata.uid || !sameJson(before.spec, after.spec)) {
          this.#version++;
          void rounds.mark(after.metadata.name);
        }
      }),
      cache.onChange(Service, ({ before, after }) => {
        const { namespace, name } = (after ?? before)!.metadata;
        this.#backendChanged(rounds, namespace, name);
      }),
      cache.onChange(EndpointSlice, ({ before, after }) => {
        const slice = (after ?? before)!;
        this.#backendChanged(rounds, slice.metadata.namespace, serviceOf(slice));
      }),
    ];
    for (const end of ends) scope.defer(end);
  }

  #take(service: APIService): void {
    const { metadata, spec } = service;
    const before = this.#remotes.get(metadata.name);
    if (before && before.uid === metadata.uid && sameJson(before.spec, remoteSpec(spec))) {
      before.available = isAvailable(service);
      return;
    }
    this.#drop(metadata.name);
    // API services themselves are nobody else's: what is wrong with one could not be mended.
    if (!spec.service || spec.group === APIService.group) return;
    const remote = new Remote(service, this.#options);
    remote.available = isAvailable(service);
    this.#remotes.set(metadata.name, remote);
    this.#version++;
  }

  #drop(name: string): void {
    const remote = this.#remotes.get(name);
    if (!remote) return;
    this.#remotes.delete(name);
    remote.close();
    this.#version++;
  }

  #backendChanged(rounds: Rounds, namespace: string | undefined, name: string | undefined): void {
    for (const remote of this.#remotes.values()) {
      if (remote.place.name !== name || remote.place.namespace !== namespace) continue;
      remote.forgetBackend();
      void rounds.mark(remote.name);
    }
  }

  /** Gives the milliseconds until the next look; nothing where events tell when to look. */
  async #look(loopback: Loopback, name: string, signal: AbortSignal): Promise<number | undefined> {
    const { cache, clock, random } = this.#options;
    const remote = this.#remotes.get(name);
    if (!remote) {
      const local = cache.get(APIService, undefined, name);
      if (local && !local.spec.service) await this.#write(loopback, local, LOCAL);
      return undefined;
    }
    const { known, rows } = await probe(remote, { clock, random }, signal);
    const service = cache.get(APIService, undefined, name);
    // Meanwhile it has become another one, which is looked at for itself.
    if (signal.aborted || !service || this.#remotes.get(name) !== remote) return undefined;
    const works = known.status === "True";
    if (works !== remote.fresh || (rows && !sameJson(rows, remote.rows))) this.#version++;
    remote.fresh = works;
    if (rows) remote.rows = rows;
    await this.#write(loopback, service, known);
    if (works) {
      this.#failures.delete(remote);
      return PROBE_MS;
    }
    if (remote.backend.type === "missing") return undefined;
    const failures = this.#failures.get(remote) ?? 0;
    this.#failures.set(remote, failures + 1);
    return Math.min(RETRY_MS * 2 ** failures, PROBE_MS);
  }

  async #write(loopback: Loopback, service: APIService, known: Availability): Promise<void> {
    this.#metrics.found(service.metadata.name, known);
    const body = withAvailability(service, known, this.#options.clock.now());
    if (body === service) return;
    const { name } = service.metadata;
    await loopback.call({ resource: APIService, verb: "update", name, subresource: "status", body });
  }
}

/** The group and version that a path is about: that of their kinds, or one below it. */
function placeOf(path: string): readonly string[] {
  if (!path.startsWith("/apis/")) return [];
  return path.slice("/apis/".length).split(/[/?]/, 2);
}
