/** Which endpoints of a Service's slices take traffic on this node. */
import type { Endpoint, EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { IpFamily } from "#base/ip";
import type { Backend, Protocol, Surroundings } from "./model.ts";

/** One endpoint at one port, with what decides whether it is used. */
interface Candidate extends Backend {
  readonly ready: boolean;
  /** Still answers although it is on its way out. */
  readonly draining: boolean;
  readonly endpoint: Endpoint;
}

export interface Backends {
  /** For traffic that may go to any node. */
  readonly cluster: readonly Backend[];
  /** On this node only. */
  readonly local: readonly Backend[];
  /** There are usable endpoints somewhere. */
  readonly any: boolean;
}

/** Ready endpoints, near ones where hints say so; the draining ones where none is ready. */
export function chooseBackends(
  slices: Iterable<EndpointSlice>,
  family: IpFamily,
  portName: string,
  protocol: Protocol,
  { nodeName, zone }: Pick<Surroundings, "nodeName" | "zone">,
): Backends {
  const all = candidates(slices, family, portName, protocol, nodeName);
  const usable = readyOrDraining(all);
  const near = nearby(usable, nodeName, zone);
  return {
    cluster: near,
    local: readyOrDraining(all.filter((candidate) => candidate.local)),
    any: usable.length > 0,
  };
}

/** An endpoint may stand in two slices for a moment; the one that is ready counts. */
function candidates(
  slices: Iterable<EndpointSlice>,
  family: IpFamily,
  portName: string,
  protocol: Protocol,
  nodeName: string,
): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType.toLowerCase() !== family) continue;
    const port = slice.ports?.find(
      (port) => (port.name ?? "") === portName && (port.protocol ?? "TCP").toLowerCase() === protocol,
    )?.port;
    if (port === undefined || port === null) continue;
    for (const endpoint of slice.endpoints) {
      const candidate = candidateOf(endpoint, port, nodeName);
      if (!candidate) continue;
      const known = found.get(candidate.address);
      if (!known || (!known.ready && candidate.ready)) found.set(candidate.address, candidate);
    }
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** Unset conditions count as good: who writes slices by hand leaves them out. */
function candidateOf(endpoint: Endpoint, port: number, nodeName: string): Candidate | undefined {
  const address = endpoint.addresses[0];
  if (address === undefined) return undefined;
  const { ready, serving, terminating } = endpoint.conditions;
  const isReady = ready ?? true;
  return {
    address,
    port,
    local: endpoint.nodeName === nodeName,
    ready: isReady,
    draining: (serving ?? isReady) && (terminating ?? false),
    endpoint,
  };
}

function readyOrDraining(all: readonly Candidate[]): readonly Candidate[] {
  const ready = all.filter((candidate) => candidate.ready);
  return ready.length > 0 ? ready : all.filter((candidate) => candidate.draining);
}

/** Hints count only when every endpoint has them and one of them is for here: else some traffic would find nobody. */
function nearby(
  usable: readonly Candidate[],
  nodeName: string,
  zone: string | undefined,
): readonly Candidate[] {
  const forNode = hinted(usable, nodeName, ({ hints }) => hints?.forNodes);
  if (forNode) return forNode;
  return (zone ? hinted(usable, zone, ({ hints }) => hints?.forZones) : undefined) ?? usable;
}

function hinted(
  usable: readonly Candidate[],
  here: string,
  hintsOf: (endpoint: Endpoint) => readonly { readonly name: string }[] | undefined,
): readonly Candidate[] | undefined {
  if (!usable.every(({ ready, endpoint }) => ready && (hintsOf(endpoint)?.length ?? 0) > 0)) return undefined;
  const chosen = usable.filter(({ endpoint }) => hintsOf(endpoint)!.some(({ name }) => name === here));
  return chosen.length > 0 ? chosen : undefined;
}
