import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { Clock } from "#base/clock";
import { canonicalIp, familyOf } from "#base/ip";
import { ipBatch } from "#base/node/iproute";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { keyOf } from "#client/address";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";
import { Forwarder } from "./forward/forwarder.ts";
import type { Upstream } from "./forward/resolv-conf.ts";
import { Resolver, type ResolverCounts } from "./resolver.ts";
import { Listener, type ListenAddress } from "./server.ts";
import { clusterIPs, ClusterZone, type ZoneSource } from "./zone/cluster-zone.ts";

export { machineUpstreams, type Upstream, upstreamsOf } from "./forward/resolv-conf.ts";

export interface DnsOptions {
  /** Services, EndpointSlices and Namespaces come from here. */
  readonly informers: InformerSet;
  readonly listen: readonly ListenAddress[];
  /** Who is asked for names outside the cluster, in this order; with none such questions are refused. */
  readonly upstreams: readonly Upstream[];
  /** Such as `cluster.local`. */
  readonly clusterDomain: string;
  /** Addresses of the cluster's DNS Service, which are where names of the server itself lead. */
  readonly serviceIPs: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

export interface Dns {
  /** Where it listens, with the ports it was given. */
  readonly addresses: readonly ListenAddress[];
  readonly counts: Readonly<ResolverCounts>;
}

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
const BY_SERVICE = SERVICE_NAME_LABEL;
const BY_CLUSTER_IP = "cluster-ip";
const BY_ENDPOINT = "endpoint-address";

/** Answers for the cluster's names, once the caches are filled, and passes other questions on. */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { informers, scope, clock, random, listen, upstreams } = options;
  const caches = {
    services: informers.of(Service),
    slices: informers.of(EndpointSlice),
    namespaces: informers.of(Namespace),
  };
  const zone = new ClusterZone({
    clusterDomain: options.clusterDomain,
    nameserverIPs: options.serviceIPs,
    serial: Math.floor(clock.now() / 1_000),
    source: zoneSource(caches),
  });
  const forwarder = new Forwarder({ upstreams, clock, random, signal: scope.signal });
  const resolver = new Resolver(zone, forwarder, random);
  follow(caches, resolver, scope);
  await Promise.all(Object.values(caches).map((cache) => cache.synced));
  const addresses = await Promise.all(
    listen.map(async (at) => {
      const listener = new Listener(at, resolver, clock);
      scope.defer(() => listener.close());
      return { address: at.address, port: await listener.listen(at) };
    }),
  );
  return { addresses, counts: resolver.counts };
}

/**
 * Gives this machine (or the network namespace) the addresses of the DNS Service, so that a server on every node can
 * listen there: pods are answered by their own node, without rewriting any packet.
 */
export const bindServiceIPs = (serviceIPs: readonly string[], namespace?: string): Promise<void> =>
  ipBatch(
    serviceIPs.map((ip) => `address replace ${ip}/${familyOf(ip) === "ipv4" ? 32 : 128} dev lo`),
    { namespace },
  );

interface Caches {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly namespaces: Informer<Namespace>;
}

function zoneSource({ services, slices, namespaces }: Caches): ZoneSource {
  slices.addIndex(BY_SERVICE, (slice) => {
    const key = serviceKeyOf(slice);
    return key === undefined ? [] : [key];
  });
  services.addIndex(BY_CLUSTER_IP, (service) => clusterIPs(service).map((ip) => canonicalIp(ip) ?? ip));
  let indexed = false;
  return {
    hasNamespace: (name) => namespaces.get(undefined, name) !== undefined,
    service: (namespace, name) => services.get(namespace, name),
    slices: (namespace, name) => slices.byIndex(BY_SERVICE, `${namespace}/${name}`),
    servicesAt: (address) => services.byIndex(BY_CLUSTER_IP, address),
    slicesAt: (address) => {
      // Few clusters are ever asked for names of addresses: the index is made for the first who asks.
      if (!indexed)
        slices.addIndex(BY_ENDPOINT, ({ endpoints }) => endpoints.map(({ addresses }) => addresses[0] ?? ""));
      indexed = true;
      return slices.byIndex(BY_ENDPOINT, address);
    },
  };
}

const serviceKeyOf = ({ metadata }: EndpointSlice): string | undefined => {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
};

/** Changes make answers that were kept ready worthless. */
function follow({ services, slices }: Caches, resolver: Resolver, scope: Scope): void {
  const service = (changed: Service): void => resolver.changed(keyOf(changed));
  const slice = (changed: EndpointSlice): void => {
    const key = serviceKeyOf(changed);
    if (key !== undefined) resolver.changed(key);
  };
  const stops = [
    services.handle({ added: service, updated: service, deleted: service }),
    slices.handle({
      added: slice,
      updated: (now, before) => {
        slice(now);
        slice(before);
      },
      deleted: slice,
    }),
  ];
  scope.defer(() => stops.forEach((stop) => stop()));
}
