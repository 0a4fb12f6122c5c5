/** From a Service and its slices to what the kernel is to do, as plain data. */
import type { Service, ServicePort as ApiPort } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import {
  canonicalIp,
  type Cidr,
  cidrsOverlap,
  familyOf,
  formatCidr,
  type IpFamily,
  parseCidr,
} from "#base/ip";
import { chooseBackends } from "./backends.ts";
import type { Protocol, ServicePort, Surroundings, VirtualAddress } from "./model.ts";

/** Another proxy takes care of Services with this label. */
const PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name";
const AFFINITY_SECONDS_DEFAULT = 10_800;

/** Has the Service virtual addresses that this proxy serves? */
export const isProxied = ({ metadata, spec }: Service): boolean =>
  spec.type !== "ExternalName" &&
  spec.clusterIP !== undefined &&
  spec.clusterIP !== "" &&
  spec.clusterIP !== "None" &&
  metadata.labels?.[PROXY_NAME_LABEL] === undefined;

/** Every port of the Service in each of its families. */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  surroundings: Surroundings,
): readonly ServicePort[] {
  if (!isProxied(service)) return [];
  const ports: ServicePort[] = [];
  for (const family of families(service)) {
    for (const port of service.spec.ports ?? []) {
      ports.push(servicePort(service, port, family, slices, surroundings));
    }
  }
  return ports;
}

const families = (service: Service): readonly IpFamily[] => [...new Set(clusterIPs(service).map(familyOf))];

const clusterIPs = ({ spec }: Service): readonly string[] =>
  spec.clusterIPs && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP!];

function servicePort(
  service: Service,
  port: ApiPort,
  family: IpFamily,
  slices: readonly EndpointSlice[],
  surroundings: Surroundings,
): ServicePort {
  const { metadata, spec } = service;
  const protocol = (port.protocol ?? "TCP").toLowerCase() as Protocol;
  const name = port.name ?? "";
  const { cluster, local, any } = chooseBackends(slices, family, name, protocol, surroundings);
  const preserves = spec.externalTrafficPolicy === "Local";
  return {
    id: `${metadata.namespace}/${metadata.name}:${name}`,
    family,
    protocol,
    addresses: virtualAddresses(service, port, family, surroundings),
    internal: spec.internalTrafficPolicy === "Local" ? local : cluster,
    external: cluster,
    preserved: preserves ? local : undefined,
    hasBackends: any,
    affinitySeconds: affinitySeconds(service),
  };
}

function affinitySeconds({ spec }: Service): number | undefined {
  if (spec.sessionAffinity !== "ClientIP") return undefined;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT;
}

function virtualAddresses(
  service: Service,
  { port, nodePort }: ApiPort,
  family: IpFamily,
  { nodePortAddresses, boundAddresses }: Surroundings,
): readonly VirtualAddress[] {
  const { spec } = service;
  const found = new Map<string, VirtualAddress>();
  const add = (text: string, address: Omit<VirtualAddress, "address">): void => {
    const ip = canonicalIp(text);
    if (ip === undefined || familyOf(ip) !== family || boundAddresses.includes(ip)) return;
    const key = `${ip} ${address.port}`;
    if (!found.has(key)) found.set(key, { address: ip, ...address });
  };
  for (const ip of clusterIPs(service)) add(ip, { port, reach: "cluster" });
  for (const ip of spec.externalIPs ?? []) add(ip, { port, reach: "external" });
  if (spec.type === "LoadBalancer") {
    const allowedSources = sourceRanges(service, family);
    for (const { ip, ipMode } of service.status?.loadBalancer?.ingress ?? []) {
      // With the mode Proxy the balancer wants its packets to come in at itself.
      if (ip && ipMode !== "Proxy") add(ip, { port, reach: "external", allowedSources });
    }
  }
  if (nodePort) for (const ip of nodePortAddresses) add(ip, { port: nodePort, reach: "external" });
  return [...found.values()];
}

/** Undefined: everybody may come in. Ranges of the other family alone let nobody of this one in. */
function sourceRanges({ spec }: Service, family: IpFamily): readonly string[] | undefined {
  const texts = spec.loadBalancerSourceRanges ?? [];
  if (texts.length === 0) return undefined;
  const ranges = texts
    .flatMap((text) => parseCidr(text.trim()) ?? [])
    .filter((range) => range.family === family);
  // The kernel does not take a range that lies within another: wide ones first, and those they hold not at all.
  const wide: Cidr[] = [];
  for (const range of ranges.sort((a, b) => a.prefix - b.prefix)) {
    if (!wide.some((other) => cidrsOverlap(other, range))) wide.push(range);
  }
  return wide.map(formatCidr);
}
