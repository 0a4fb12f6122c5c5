import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import type { Service } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { isLeaving } from "../pod-facts.ts";

export type Endpoint = EndpointSlice["endpoints"][number];
export type EndpointPort = EndpointSlice["ports"][number];
export type AddressType = "IPv4" | "IPv6";

const ZONE = "topology.kubernetes.io/zone";

/** Endpoints that share their ports, by a key that tells them from others. */
export interface Group {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

/** A family of IP addresses is part of a slice's identity; so is what its ports are. */
export const addressTypesOf = ({ spec }: Service): readonly AddressType[] =>
  (spec.ipFamilies ?? ["IPv4"]).map((family) => (family === "IPv6" ? "IPv6" : "IPv4"));

export const familyOf = (ip: string): AddressType => (ip.includes(":") ? "IPv6" : "IPv4");

export const keyOfPorts = (ports: readonly EndpointPort[]): string =>
  JSON.stringify(
    ports
      .map(({ name = "", protocol = "TCP", port = 0, appProtocol = "" }) => [
        name,
        protocol,
        port,
        appProtocol,
      ])
      .toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
  );

/** The endpoints of a service, grouped by their ports. */
export function desiredGroups(
  service: Service,
  pods: Iterable<Pod>,
  addressType: AddressType,
  nodeOf: (name: string) => Node | undefined,
): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    const address = addressOf(pod, addressType);
    if (!address || isTerminal(pod)) continue;
    const ports = portsOf(service, pod);
    const key = keyOfPorts(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map() };
    group.endpoints.set(pod.metadata.uid, endpointOf(service, pod, address, nodeOf));
    groups.set(key, group);
  }
  return groups;
}

export function addressOf({ status }: Pod, addressType: AddressType): string | undefined {
  const ips = status.podIPs?.map(({ ip }) => ip) ?? (status.podIP ? [status.podIP] : []);
  return ips.find((ip) => familyOf(ip) === addressType);
}

function endpointOf(
  service: Service,
  pod: Pod,
  address: string,
  nodeOf: (name: string) => Node | undefined,
): Endpoint {
  const { nodeName } = pod.spec;
  const { name, namespace, uid } = pod.metadata;
  const serving = isReady(pod);
  const terminating = isLeaving(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = nodeName ? nodeOf(nodeName)?.metadata.labels?.[ZONE] : undefined;
  const hostname = hostnameFor(service, pod);
  const hints = ready ? hintsFor(service, nodeName, zone) : undefined;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: "Pod", ...(namespace ? { namespace } : {}), name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(hints ? { hints } : {}),
  };
}

/** A pod with a host name in the service's own subdomain gets a DNS name of its own. */
export const hostnameFor = ({ metadata }: Service, { spec }: Pod): string | undefined =>
  spec.hostname && spec.subdomain === metadata.name ? spec.hostname : undefined;

/** Who should use this endpoint, where the service asks to stay close. */
function hintsFor(
  { spec }: Service,
  node: string | undefined,
  zone: string | undefined,
): Endpoint["hints"] | undefined {
  const forZones = zone === undefined ? {} : { forZones: [{ name: zone }] };
  switch (spec.trafficDistribution) {
    case "PreferClose":
    case "PreferSameZone":
      return zone === undefined ? undefined : forZones;
    case "PreferSameNode":
      return node ? { ...forZones, forNodes: [{ name: node }] } : undefined;
    default:
      return undefined;
  }
}

/** The ports as this pod has them: named target ports differ from pod to pod. */
function portsOf({ spec }: Service, pod: Pod): readonly EndpointPort[] {
  return (spec.ports ?? []).flatMap(({ name = "", protocol, targetPort, appProtocol, port: own }) => {
    const port = portIn(pod, targetPort === 0 || targetPort === "" ? own : targetPort, protocol);
    if (port === undefined) return [];
    return [{ name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** The number of a target port in a pod; undefined when the pod has none of that name. */
export function portIn({ spec }: Pod, target: number | string, protocol: string): number | undefined {
  if (typeof target === "number") return target;
  if (/^\d+$/.test(target)) return Number(target);
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const { ports = [] } of [...spec.containers, ...sidecars]) {
    const found = ports.find((port) => port.name === target && (port.protocol ?? "TCP") === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}
