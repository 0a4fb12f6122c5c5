import { ageColumn, firstFew, nameColumn, NONE, text } from "#api/columns";
import { ipAddress, named, namedIfSet, portNumber } from "#api/checks";
import { specialProblems } from "./service-rules.ts";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { at, int32, item, list, type Of, ref, required, resource, string, struct } from "#machinery/schema";

export const EndpointAddress = struct(
  "core.v1.EndpointAddress",
  {
    ip: string(1).required().doc("IP address of the endpoint."),
    hostname: string(3).doc("Host name of the endpoint in DNS."),
    nodeName: string(4).pointer().doc("Node that the endpoint is on."),
    targetRef: ref(2, ObjectReference).doc("The object, mostly a pod, behind the address."),
  },
  {
    atomic: true,

    *validate({ ip, hostname, nodeName }, path) {
      yield* ipAddress(at(path, "ip"), ip);
      yield* specialProblems(ip, at(path, "ip"));
      yield* namedIfSet(at(path, "hostname"), hostname, "dns-label");
      yield* named(at(path, "nodeName"), nodeName, "dns-subdomain");
    },
  },
);
export interface EndpointAddress extends Of<typeof EndpointAddress> {}

export const EndpointPort = struct(
  "core.v1.EndpointPort",
  {
    name: string(1).doc("Name of the port; needed where there are several."),
    port: int32(2).required().doc("Port number."),
    protocol: string(3).oneOf("TCP", "UDP", "SCTP").default("TCP").doc("TCP, UDP or SCTP."),
    appProtocol: string(4).pointer().doc("Protocol spoken above it, such as http or kubernetes.io/h2c."),
  },
  {
    atomic: true,

    *validate({ name, port, appProtocol }, path) {
      yield* namedIfSet(at(path, "name"), name, "dns-label");
      yield* portNumber(at(path, "port"), port);
      yield* namedIfSet(at(path, "appProtocol"), appProtocol, "qualified-name");
    },
  },
);
export interface EndpointPort extends Of<typeof EndpointPort> {}

export const EndpointSubset = struct(
  "core.v1.EndpointSubset",
  {
    addresses: list(1, EndpointAddress).atomic().doc("Addresses that are ready for traffic."),
    notReadyAddresses: list(2, EndpointAddress).atomic().doc("Addresses that are not ready yet."),
    ports: list(3, EndpointPort).atomic().doc("Ports that each address offers."),
  },
  {
    *validate({ addresses = [], notReadyAddresses = [], ports = [] }, path) {
      if (addresses.length + notReadyAddresses.length === 0)
        yield required(path, "must specify `addresses` or `notReadyAddresses`");
      if (ports.length < 2) return;
      for (const [index, { name }] of ports.entries())
        if (!name) yield required(at(item(at(path, "ports"), index), "name"));
    },
  },
);
export interface EndpointSubset extends Of<typeof EndpointSubset> {}

const SHOWN_MAX = 3;

function endpointsText({ subsets = [] }: { readonly subsets?: readonly EndpointSubset[] }): string {
  const shown = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) =>
      addresses.map(({ ip }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)),
    );
  });
  return firstFew(shown, SHOWN_MAX) || NONE;
}

export const Endpoints = resource({
  apiVersion: "v1",
  kind: "Endpoints",
  doc: "Addresses behind a service; EndpointSlices have taken its place.",
  plural: "endpoints",
  shortNames: ["ep"],
  namespaced: true,
  metadata: ObjectMeta,
  createOnUpdate: true,
  storagePrefix: "services/endpoints",
  fields: {
    subsets: list(2, EndpointSubset).atomic().doc("Addresses, and the ports they share."),
  },

  columns: [nameColumn, text("Endpoints", endpointsText), ageColumn],
});
export interface Endpoints extends Of<typeof Endpoints> {}
