import {
  distinct,
  ipAddress,
  named,
  namedIfSet,
  onePerFamily,
  portNumber,
  portNumberOrName,
  sameValue,
} from "#api/checks";
import { cidrHas, parseCidr, parseIp } from "#base/ip";
import { labelProblems } from "#machinery/object-meta-validation";
import { at, duplicate, type FieldProblem, forbidden, invalid, item, required } from "#machinery/schema";
import type { LoadBalancerIngress, ServicePort, ServiceSpec } from "./servicespec.ts";

type Problems = Iterable<FieldProblem>;

export const isHeadless = ({ clusterIP, clusterIPs }: ServiceSpec): boolean =>
  clusterIP === "None" || clusterIPs?.[0] === "None";

/** Can it be reached from outside the cluster? */
export const isExternal = ({ type, externalIPs }: ServiceSpec): boolean =>
  type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (externalIPs ?? []).length > 0);

export function* serviceProblems(spec: ServiceSpec): Problems {
  yield* portsProblems(spec);
  yield* typeProblems(spec);
  yield* addressProblems(spec);
  yield* policyProblems(spec);
  yield* labelProblems(spec.selector, "spec.selector");
}

function* portsProblems(spec: ServiceSpec): Problems {
  const { ports = [], type } = spec;
  const path = "spec.ports";
  if (ports.length === 0 && !isHeadless(spec) && type !== "ExternalName") yield required(path);
  const [byPort, byNodePort] = [new Set<string>(), new Set<string>()];
  for (const [index, port] of ports.entries()) {
    const where = item(path, index);
    if (!port.name) {
      if (ports.length > 1) yield required(at(where, "name"));
    } else yield* named(at(where, "name"), port.name, "dns-label");
    yield* portNumber(at(where, "port"), port.port);
    yield* portNumberOrName(at(where, "targetPort"), port.targetPort);
    yield* namedIfSet(at(where, "appProtocol"), port.appProtocol, "qualified-name");
    if (port.nodePort && type === "ClusterIP")
      yield forbidden(at(where, "nodePort"), "may not be used when `type` is 'ClusterIP'");
    const key = (number: number): string => `${port.protocol}/${number}`;
    if (byPort.has(key(port.port))) yield duplicate(where, shownPort(port));
    byPort.add(key(port.port));
    if (!port.nodePort) continue;
    if (byNodePort.has(key(port.nodePort))) yield duplicate(at(where, "nodePort"), port.nodePort);
    byNodePort.add(key(port.nodePort));
  }
  yield* distinct(path, ports, ({ name }) => name, "name");
}

const shownPort = ({ name, protocol, port }: ServicePort) => ({ ...(name ? { name } : {}), protocol, port });

function* typeProblems(spec: ServiceSpec): Problems {
  const { type, clusterIPs = [], externalName } = spec;
  if (type === "ExternalName") {
    const text = "may not be set for ExternalName services";
    if (clusterIPs.length > 0) yield forbidden("spec.clusterIPs", text);
    if (spec.ipFamilies) yield forbidden("spec.ipFamilies", text);
    if (spec.ipFamilyPolicy !== undefined) yield forbidden("spec.ipFamilyPolicy", text);
    if (!externalName) yield required("spec.externalName");
    else yield* named("spec.externalName", externalName.replace(/\.$/, ""), "dns-subdomain");
  } else if (type !== "ClusterIP" && isHeadless(spec))
    yield invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`);
  if (type === "LoadBalancer") {
    yield* namedIfSet("spec.loadBalancerClass", spec.loadBalancerClass, "qualified-name");
    for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
      if (!parseCidr(range.trim()))
        yield invalid(
          item("spec.loadBalancerSourceRanges", index),
          range,
          "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        );
    return;
  }
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.loadBalancerSourceRanges) yield forbidden("spec.loadBalancerSourceRanges", only);
  if (spec.allocateLoadBalancerNodePorts !== undefined)
    yield forbidden("spec.allocateLoadBalancerNodePorts", only);
  if (spec.loadBalancerClass !== undefined) yield forbidden("spec.loadBalancerClass", only);
}

function* addressProblems(spec: ServiceSpec): Problems {
  const { clusterIP, clusterIPs = [], externalIPs = [], ipFamilies = [] } = spec;
  if (spec.type !== "ExternalName") {
    if (clusterIPs.length > 0 && (clusterIP ?? "") !== clusterIPs[0])
      yield invalid("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`");
    if (clusterIPs.includes("None") && clusterIPs.length > 1)
      yield invalid("spec.clusterIPs", clusterIPs, "'None' must be the first and only value");
    else if (!clusterIPs.includes("None")) {
      for (const [index, ip] of clusterIPs.entries()) yield* ipAddress(item("spec.clusterIPs", index), ip);
      yield* onePerFamily(
        "spec.clusterIPs",
        clusterIPs,
        "may only hold up to 2 values, one of each IP family (IPv4 and IPv6)",
      );
    }
  }
  yield* distinct("spec.ipFamilies", ipFamilies, (family) => family);
  for (const [index, ip] of externalIPs.entries()) {
    const where = item("spec.externalIPs", index);
    yield* ipAddress(where, ip);
    yield* specialProblems(ip, where);
  }
}

const SPECIAL: readonly (readonly [detail: string, ...ranges: string[]])[] = [
  ["may not be unspecified (0.0.0.0 or ::)", "0.0.0.0/32", "::/128"],
  ["may not be in the loopback range (127.0.0.0/8, ::1/128)", "127.0.0.0/8", "::1/128"],
  ["may not be in the link-local range (169.254.0.0/16, fe80::/10)", "169.254.0.0/16", "fe80::/10"],
  ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)", "224.0.0.0/24", "ff02::/16"],
];

/** Addresses that mean something else on every machine lead nowhere. */
export function* specialProblems(ip: string, path: string): Problems {
  if (parseIp(ip) === undefined) return;
  for (const [detail, ...ranges] of SPECIAL)
    if (ranges.some((range) => cidrHas(parseCidr(range)!, ip))) yield invalid(path, ip, detail);
}

const AFFINITY_SECONDS_MAX = 86_400;

function* policyProblems(spec: ServiceSpec): Problems {
  const { sessionAffinity, sessionAffinityConfig, externalTrafficPolicy } = spec;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity === "None") {
    if (sessionAffinityConfig)
      yield forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None");
  } else if (seconds !== undefined && (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX))
    yield invalid(
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
      seconds,
      `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
    );
  if (externalTrafficPolicy && !isExternal(spec))
    yield invalid(
      "spec.externalTrafficPolicy",
      externalTrafficPolicy,
      "may only be set for externally-accessible services",
    );
  if (spec.healthCheckNodePort && !needsHealthPort(spec))
    yield invalid(
      "spec.healthCheckNodePort",
      spec.healthCheckNodePort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
}

export const needsHealthPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";

const FIXED = "may not change once set";

/** Addresses and the load balancer's class stay, unless the service stops having any. */
export function* serviceUpdateProblems(spec: ServiceSpec, old: ServiceSpec): Problems {
  if (spec.type !== "ExternalName" && old.type !== "ExternalName") {
    if (old.clusterIPs?.[0] && spec.clusterIPs?.[0] !== old.clusterIPs[0])
      yield invalid("spec.clusterIPs[0]", spec.clusterIPs ?? null, FIXED);
    const [, second] = old.clusterIPs ?? [];
    if (second && spec.clusterIPs?.[1] !== second && spec.ipFamilyPolicy !== "SingleStack")
      yield invalid("spec.clusterIPs[1]", spec.clusterIPs ?? null, FIXED);
    if (old.ipFamilies?.[0] && spec.ipFamilies?.[0] !== old.ipFamilies[0])
      yield invalid("spec.ipFamilies[0]", spec.ipFamilies ?? null, FIXED);
  }
  if (spec.type === "LoadBalancer" && old.type === "LoadBalancer") {
    if (!sameValue(spec.loadBalancerClass, old.loadBalancerClass))
      yield invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, FIXED);
    if (needsHealthPort(spec) && needsHealthPort(old) && spec.healthCheckNodePort !== old.healthCheckNodePort)
      yield forbidden("spec.healthCheckNodePort", "field is immutable");
  }
}

export function* ingressProblems(ingress: readonly LoadBalancerIngress[], { type }: ServiceSpec): Problems {
  const path = "status.loadBalancer.ingress";
  if (ingress.length > 0 && type !== "LoadBalancer")
    yield forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  for (const [index, { ip, hostname, ipMode }] of ingress.entries()) {
    const where = item(path, index);
    if (ip) yield* ipAddress(at(where, "ip"), ip);
    if (ip && ipMode === undefined) yield required(at(where, "ipMode"), "must be specified when `ip` is set");
    if (!ip && ipMode !== undefined)
      yield forbidden(at(where, "ipMode"), "may not be specified when `ip` is not set");
    if (!hostname) continue;
    yield* named(at(where, "hostname"), hostname, "dns-subdomain");
    if (parseIp(hostname) !== undefined)
      yield invalid(at(where, "hostname"), hostname, "must be a DNS name, not an IP address");
  }
}
