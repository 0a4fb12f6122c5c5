import type { Service } from "#api/core-v1/service";
import type { ServicePort } from "#api/core-v1/servicespec";
import { Service as ServiceKind } from "#api/core-v1/service";
import { type EndpointPort, EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { ReadCache } from "../contracts.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServicePlace {
  readonly namespace: string;
  readonly name: string;
  /** Of the service, not of its pods. */
  readonly port: number;
}

/** Who answers behind a service; or why nobody does, in the words of the condition. */
export type Backend =
  | { readonly type: "found"; readonly addresses: readonly Address[] }
  | { readonly type: "missing"; readonly reason: string; readonly message: string };

const SERVICE_NAME = "kubernetes.io/service-name";

/** The service that the slice belongs to. */
export const serviceOf = ({ metadata: { labels = {} } }: EndpointSlice): string | undefined =>
  labels[SERVICE_NAME];

/**
 * The ready endpoints behind a service, by what the cache has: this process need not be on the network where services
 * have addresses.
 */
export function backendOf(cache: ReadCache, place: ServicePlace): Backend {
  const { namespace, name, port } = place;
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = cache.get(ServiceKind, namespace, name);
  if (!service) return missing("ServiceNotFound", `${where} is not present`);
  const { type, externalName = "", ports = [] } = service.spec;
  if (type === "ExternalName") return { type: "found", addresses: [{ host: externalName, port }] };
  const wanted = ports.find((one: ServicePort) => one.port === port);
  if (!wanted) return missing("ServicePortError", `${where} is not listening on port ${port}`);
  return endpointsOf(slicesOf(cache, service), wanted.name ?? "", where);
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, where: string): Backend {
  if (slices.length === 0) return missing("EndpointsNotFound", `cannot find endpointslices for ${where}`);
  const addresses = slices.flatMap((slice) => [...readyIn(slice, portName)]);
  if (addresses.length > 0) return { type: "found", addresses };
  const text = `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`;
  return missing("MissingEndpoints", text);
}

const missing = (reason: string, message: string): Backend => ({ type: "missing", reason, message });

const slicesOf = (cache: ReadCache, { metadata }: Service): EndpointSlice[] =>
  [...cache.list(EndpointSlice, metadata.namespace)].filter((slice) => serviceOf(slice) === metadata.name);

function* readyIn({ ports, endpoints }: EndpointSlice, portName: string): Iterable<Address> {
  const port = ports?.find((one: EndpointPort) => (one.name ?? "") === portName)?.port;
  if (!port) return;
  for (const { addresses, conditions } of endpoints ?? []) {
    if (conditions?.ready !== false && addresses[0]) yield { host: addresses[0], port };
  }
}
