import { labelProblems } from "#machinery/object-meta-validation";
import { addressWarnings } from "#api/core-v1/address-warnings";
import { ageColumn, firstFew, nameColumn, text, UNSET } from "#api/columns";
import { distinct, ipAddress, named, namedIfSet, portNumber } from "#api/checks";
import { specialProblems } from "#api/core-v1/service-rules";
import { familyOf } from "#base/ip";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  bool,
  type FieldProblem,
  int32,
  invalid,
  item,
  list,
  map,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  tooMany,
  value,
} from "#machinery/schema";

export const EndpointConditions = struct("discovery.v1.EndpointConditions", {
  ready: bool(1).pointer().doc("Can take traffic."),
  serving: bool(2).pointer().doc("Could take traffic, were it not on its way out."),
  terminating: bool(3).pointer().doc("On its way out."),
});
export interface EndpointConditions extends Of<typeof EndpointConditions> {}

export const ForZone = struct("discovery.v1.ForZone", {
  name: string(1).required().doc("Name of the zone."),
});
export interface ForZone extends Of<typeof ForZone> {}

export const ForNode = struct("discovery.v1.ForNode", {
  name: string(1).required().doc("Name of the node."),
});
export interface ForNode extends Of<typeof ForNode> {}

const HINTS_MAX = 8;

export const EndpointHints = struct(
  "discovery.v1.EndpointHints",
  {
    forZones: list(1, ForZone).atomic().doc("Zones whose traffic should come here."),
    forNodes: list(2, ForNode).atomic().doc("Nodes whose traffic should come here."),
  },
  {
    *validate({ forZones, forNodes }, path) {
      for (const [name, list] of Object.entries({ forZones, forNodes })) {
        if ((list ?? []).length > HINTS_MAX) yield tooMany(at(path, name), list!.length, HINTS_MAX);
        yield* distinct(at(path, name), list, (hint) => hint.name, "name");
        const format = name === "forZones" ? "label-value" : "dns-subdomain";
        for (const [index, hint] of (list ?? []).entries())
          yield* named(`${item(at(path, name), index)}.name`, hint.name, format);
      }
    },
  },
);
export interface EndpointHints extends Of<typeof EndpointHints> {}

export const Endpoint = struct("discovery.v1.Endpoint", {
  addresses: list(1, string).required().set().doc("Addresses of one endpoint; users take the first."),
  conditions: value(2, EndpointConditions).doc("Whether it can take traffic."),
  hostname: string(3).pointer().doc("Host name of the endpoint in DNS."),
  targetRef: ref(4, ObjectReference).doc("The pod behind it."),
  deprecatedTopology: map(5, string).doc("For older clients: where the endpoint is."),
  nodeName: string(6).pointer().doc("Node it is on."),
  zone: string(7).pointer().doc("Zone it is in."),
  hints: ref(8, EndpointHints).doc("Where it should be used from."),
});
export interface Endpoint extends Of<typeof Endpoint> {}

export const EndpointPort = struct(
  "discovery.v1.EndpointPort",
  {
    name: string(1).pointer().default("").doc("Name of the port."),
    protocol: string(2).pointer().oneOf("TCP", "UDP", "SCTP").default("TCP").doc("TCP, UDP or SCTP."),
    port: int32(3).pointer().doc("Port number; any without it."),
    appProtocol: string(4).pointer().doc("Protocol spoken above it, such as http or kubernetes.io/h2c."),
  },
  { atomic: true },
);
export interface EndpointPort extends Of<typeof EndpointPort> {}

interface Slice {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly EndpointPort[];
}

const ADDRESSES_MAX = 100;

function* endpointProblems(
  { addresses, hostname, nodeName, deprecatedTopology }: Endpoint,
  type: string,
  path: string,
) {
  const where = at(path, "addresses");
  if (addresses.length === 0) yield required(where, "must contain at least 1 address");
  if (addresses.length > ADDRESSES_MAX) yield tooMany(where, addresses.length, ADDRESSES_MAX);
  for (const [index, address] of addresses.entries())
    yield* addressProblems(address, type, item(where, index));
  yield* named(at(path, "nodeName"), nodeName, "dns-subdomain");
  yield* named(at(path, "hostname"), hostname, "dns-label");
  if (deprecatedTopology) yield* labelProblems(deprecatedTopology, at(path, "deprecatedTopology"));
}

function* addressProblems(address: string, type: string, path: string): Iterable<FieldProblem> {
  if (type === "FQDN") return yield* named(path, address, "dns-subdomain");
  yield* ipAddress(path, address);
  if (type === "IPv4" && familyOf(address) !== "ipv4")
    yield invalid(path, address, "must be an IPv4 address");
  if (type === "IPv6" && familyOf(address) !== "ipv6")
    yield invalid(path, address, "must be an IPv6 address");
  yield* specialProblems(address, path);
}

function* portProblems(ports: readonly EndpointPort[], path: string): Iterable<FieldProblem> {
  yield* distinct(path, ports, ({ name }) => name || " ", "name");
  for (const [index, { name, port, appProtocol }] of ports.entries()) {
    const where = item(path, index);
    yield* namedIfSet(at(where, "name"), name, "dns-label");
    yield* portNumber(at(where, "port"), port);
    yield* namedIfSet(at(where, "appProtocol"), appProtocol, "qualified-name");
  }
}

const SHOWN_MAX = 3;

const portText = ({ ports }: Slice): string =>
  firstFew(
    (ports ?? []).map(({ port }) => (port === undefined ? "*" : `${port}`)),
    SHOWN_MAX,
  ) || UNSET;

const addressText = ({ endpoints }: Slice): string =>
  firstFew(
    (endpoints ?? []).flatMap(({ addresses }) => addresses),
    SHOWN_MAX,
  ) || UNSET;

export const EndpointSlice = resource({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  doc: "A part of the addresses behind a service.",
  plural: "endpointslices",
  namespaced: true,
  metadata: ObjectMeta,
  counted: true,
  fields: {
    addressType: string(4)
      .oneOf("FQDN", "IPv4", "IPv6")
      .required()
      .notEmpty()
      .immutable()
      .doc("IPv4, IPv6 or FQDN; never changes."),
    endpoints: list(2, Endpoint)
      .required()
      .atomic()
      .maxItems(1000)
      .doc("The addresses, with what is known about each."),
    ports: list(3, EndpointPort).always().atomic().maxItems(100).doc("Ports that all of them have."),
  },

  columns: [
    nameColumn,
    text("AddressType", (slice: Slice) => slice.addressType),
    text("Ports", portText),
    text("Endpoints", addressText),
    ageColumn,
  ],
  rules: {
    *validate({ addressType, endpoints, ports }) {
      for (const [index, endpoint] of (endpoints ?? []).entries())
        yield* endpointProblems(endpoint, addressType, item("endpoints", index));
      yield* portProblems(ports ?? [], "ports");
    },
    *warnings({ addressType, endpoints }, old) {
      if (addressType === "FQDN" && !old) yield "addressType: FQDN endpoints are deprecated";
      if (addressType !== "IPv6") return;
      for (const [index, { addresses }] of (endpoints ?? []).entries())
        for (const [place, address] of addresses.entries())
          yield* addressWarnings(address, item(`${item("endpoints", index)}.addresses`, place));
    },
  },
});
export interface EndpointSlice extends Of<typeof EndpointSlice> {}
