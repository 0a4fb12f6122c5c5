import type { Endpoints } from "#api/core-v1/endpoints";
import type { Pod } from "#api/core-v1/pod";
import type { Service } from "#api/core-v1/service";
import { isReady, isTerminal } from "#api/core-v1/podstate";
import { addressOf, addressTypesOf, hostnameFor, portIn } from "../endpointslice/desired.ts";
import { isLeaving } from "../pod-facts.ts";

export type Subset = NonNullable<Endpoints["subsets"]>[number];
type Address = NonNullable<Subset["addresses"]>[number];

/** One Endpoints object holds at most this many addresses. */
export const ADDRESSES_MAX = 1_000;

/** Subsets of addresses with the same ports, in a stable order; and whether some had to be left out. */
export function subsetsOf(
  service: Service,
  pods: readonly Pod[],
): { readonly subsets: readonly Subset[]; readonly truncated: boolean } {
  const groups = new Map<string, { ports: Subset["ports"]; ready: Address[]; waiting: Address[] }>();
  const [type = "IPv4"] = addressTypesOf(service);
  const serving = pods.filter((pod) => addressOf(pod, type) !== undefined && counts(service, pod));
  // Ready ones are kept first.
  const kept = serving.toSorted((a, b) => Number(isReady(b)) - Number(isReady(a))).slice(0, ADDRESSES_MAX);
  for (const pod of kept) {
    const ports = portsOf(service, pod);
    if (!ports) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, ready: [], waiting: [] };
    groups.set(key, group);
    const ready = service.spec.publishNotReadyAddresses === true || isReady(pod);
    group[ready ? "ready" : "waiting"].push(endpointAddress(service, pod, addressOf(pod, type)!));
  }
  const sorted = [...groups.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    subsets: sorted.map(([, { ports, ready, waiting }]) => ({
      ...(ready.length > 0 ? { addresses: ready.toSorted(byIp) } : {}),
      ...(waiting.length > 0 ? { notReadyAddresses: waiting.toSorted(byIp) } : {}),
      ...(ports && ports.length > 0 ? { ports } : {}),
    })),
    truncated: serving.length > kept.length,
  };
}

/** Pods that are leaving do not count, unless the service wants all. */
const counts = ({ spec }: Service, pod: Pod): boolean =>
  !isTerminal(pod) && (spec.publishNotReadyAddresses === true || !isLeaving(pod));

const byIp = (a: Address, b: Address): number => (a.ip < b.ip ? -1 : 1);

function endpointAddress(service: Service, pod: Pod, ip: string): Address {
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameFor(service, pod);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", ...(namespace ? { namespace } : {}), name, uid },
  };
}

/** Undefined when the service has ports and this pod has none of them. */
function portsOf({ spec }: Service, pod: Pod): Subset["ports"] | undefined {
  const wanted = spec.ports ?? [];
  const ports = wanted.flatMap(({ name, protocol, targetPort, appProtocol, port: own }) => {
    const port = portIn(pod, targetPort === 0 || targetPort === "" ? own : targetPort, protocol);
    if (port === undefined) return [];
    return [
      {
        ...(name ? { name } : {}),
        port,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      },
    ];
  });
  return wanted.length > 0 && ports.length === 0 ? undefined : ports;
}
