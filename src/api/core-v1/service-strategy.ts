import { sameValue } from "#api/checks";
import { isExternal, isHeadless, needsHealthPort } from "./service-rules.ts";
import type { LoadBalancerIngress, ServicePort, ServiceSpec, ServiceStatus } from "./servicespec.ts";

const AFFINITY_SECONDS = 10_800;

/** Defaults that depend on the service's type and affinity. */
export function serviceDefaults(spec: ServiceSpec): ServiceSpec {
  const { type } = spec;
  return {
    ...spec,
    ...(spec.ports ? { ports: spec.ports.map(portDefaults) } : {}),
    sessionAffinityConfig: affinityDefaults(spec),
    ...(isExternal(spec) ? { externalTrafficPolicy: spec.externalTrafficPolicy || "Cluster" } : {}),
    ...(type === "ExternalName" ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster" }),
    ...(type === "LoadBalancer"
      ? { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }
      : {}),
  };
}

const portDefaults = (port: ServicePort): ServicePort =>
  port.targetPort === 0 || port.targetPort === "" ? { ...port, targetPort: port.port } : port;

function affinityDefaults({ sessionAffinity, sessionAffinityConfig }: ServiceSpec) {
  if (sessionAffinity !== "ClientIP") return undefined;
  const timeoutSeconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS;
  return { clientIP: { timeoutSeconds } };
}

/** Load balancers that give an address without a word about it deliver to that address. */
export function serviceStatusDefaults(status: ServiceStatus, { type }: ServiceSpec): ServiceStatus {
  const ingress = status.loadBalancer.ingress;
  if (type !== "LoadBalancer" || !ingress?.some(({ ip, ipMode }) => ip && ipMode === undefined))
    return status;
  const complete = (one: LoadBalancerIngress): LoadBalancerIngress =>
    one.ip && one.ipMode === undefined ? { ...one, ipMode: "VIP" } : one;
  return { ...status, loadBalancer: { ingress: ingress.map(complete) } };
}

/** `clusterIP` is the first of `clusterIPs`; older clients know the first only. */
export function settledAddresses(spec: ServiceSpec, old?: ServiceSpec): ServiceSpec {
  const { clusterIP = "", clusterIPs = [] } = spec;
  if (!old) return clusterIP !== "" && clusterIPs.length === 0 ? { ...spec, clusterIPs: [clusterIP] } : spec;
  const before = old.clusterIP ?? "";
  if (clusterIPs.length === 0 && clusterIP !== "" && clusterIP !== before)
    return { ...spec, clusterIPs: [clusterIP] };
  if (!sameValue(clusterIPs, old.clusterIPs ?? [])) return spec;
  if (clusterIP === "" && before !== "") return { ...spec, clusterIPs: undefined };
  return clusterIP !== before ? { ...spec, clusterIPs: [clusterIP] } : spec;
}

const needsAddress = ({ type }: ServiceSpec): boolean => type !== "ExternalName";

const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);

/** What was given to the service before and is not named now stays with it. */
export function keptAllocations(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let kept = spec;
  if (needsAddress(spec) && needsAddress(old) && old.clusterIP) {
    if (!kept.clusterIP) kept = { ...kept, clusterIP: old.clusterIP };
    if ((kept.clusterIPs ?? []).length === 0 && kept.clusterIP === old.clusterIP)
      kept = { ...kept, clusterIPs: old.clusterIPs };
    if (kept.ipFamilies === undefined) kept = { ...kept, ipFamilies: old.ipFamilies };
    if (kept.ipFamilyPolicy === undefined) kept = { ...kept, ipFamilyPolicy: old.ipFamilyPolicy };
  }
  if (needsNodePorts(spec) && needsNodePorts(old)) kept = withNodePorts(kept, old);
  if (needsHealthPort(spec) && needsHealthPort(old) && !kept.healthCheckNodePort)
    kept = { ...kept, healthCheckNodePort: old.healthCheckNodePort };
  return kept;
}

function withNodePorts(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  const taken = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort).filter(Boolean));
  const before = new Map((old.ports ?? []).map((one) => [`${one.protocol}/${one.port}`, one.nodePort]));
  const ports = spec.ports?.map((one) => {
    const nodePort = before.get(`${one.protocol}/${one.port}`);
    if (one.nodePort || !nodePort || taken.has(nodePort)) return one;
    taken.add(nodePort);
    return { ...one, nodePort };
  });
  return { ...spec, ports };
}

/** What a service of the new type cannot have goes, unless it was changed on purpose. */
export function withoutStale(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let left = spec;
  if (needsAddress(old) && !needsAddress(spec) && sameValue(spec.clusterIPs, old.clusterIPs))
    left = {
      ...left,
      clusterIP: undefined,
      clusterIPs: undefined,
      ipFamilies: undefined,
      ipFamilyPolicy: undefined,
    };
  if (needsNodePorts(old) && !needsNodePorts(spec) && sameNodePorts(spec, old))
    left = { ...left, ports: left.ports?.map((port) => ({ ...port, nodePort: undefined })) };
  if (needsHealthPort(old) && !needsHealthPort(spec) && spec.healthCheckNodePort === old.healthCheckNodePort)
    left = { ...left, healthCheckNodePort: undefined };
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
      left = { ...left, allocateLoadBalancerNodePorts: undefined };
    if (spec.loadBalancerClass === old.loadBalancerClass) left = { ...left, loadBalancerClass: undefined };
  }
  if (isExternal(old) && !isExternal(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy)
    left = { ...left, externalTrafficPolicy: undefined };
  return left;
}

const sameNodePorts = (spec: ServiceSpec, old: ServiceSpec): boolean => {
  const ports = (of: ServiceSpec): readonly number[] =>
    (of.ports ?? []).map(({ nodePort = 0 }) => nodePort).toSorted();
  return sameValue(ports(spec), ports(old));
};

const NONE = "<none>";
const PENDING = "<pending>";

/** The addresses from outside, for tables. */
export function externalText(spec: ServiceSpec, { loadBalancer }: ServiceStatus): string {
  const given = spec.externalIPs ?? [];
  if (spec.type === "ExternalName") return spec.externalName ?? "";
  if (spec.type !== "LoadBalancer") return given.join(",") || NONE;
  const balanced = (loadBalancer.ingress ?? [])
    .map(({ ip, hostname }) => ip || hostname || "")
    .filter(Boolean);
  return [...new Set(balanced)].toSorted().concat(given).join(",") || PENDING;
}

export const portsText = (ports: readonly ServicePort[]): string =>
  ports
    .map(({ port, nodePort, protocol }) =>
      nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
    )
    .join(",") || NONE;

export const addressText = (spec: ServiceSpec): string =>
  isHeadless(spec) ? "None" : spec.clusterIPs?.[0] || spec.clusterIP || NONE;
