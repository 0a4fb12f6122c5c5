import { Service } from "#api/core-v1/service";
import { type EndpointPort, EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { Random } from "#base/random";
import type { ReadCache } from "../contracts.ts";
import type { Target } from "./target.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** There is nobody behind the service. */
export class NoEndpoint extends Error {
  override readonly name = "NoEndpoint";
}

const SERVICE_NAME = "kubernetes.io/service-name";

/** One of the pods behind a service, by what the cache has. Throws NoEndpoint. */
export function endpointOf(
  { namespace, name, port }: NonNullable<Target["service"]>,
  { cache, random }: { readonly cache: ReadCache; readonly random: Random },
): Address {
  const service = cache.get(Service, namespace, name);
  const called = JSON.stringify(name);
  if (!service) throw new NoEndpoint(`service ${called} not found`);
  const { type, externalName, ports = [] } = service.spec;
  if (type === "ExternalName") return { host: externalName ?? "", port };
  const wanted = ports.find((one) => one.port === port && (one.protocol ?? "TCP") === "TCP");
  if (!wanted) throw new NoEndpoint(`no service port ${port} found for service ${called}`);
  const addresses: Address[] = [];
  for (const slice of cache.list(EndpointSlice, namespace)) {
    if (slice.metadata.labels?.[SERVICE_NAME] !== name) continue;
    const slicePort = slice.ports?.find(
      (one: EndpointPort) => (one.name ?? "") === (wanted.name ?? ""),
    )?.port;
    if (!slicePort) continue;
    for (const { addresses: hosts, conditions } of slice.endpoints ?? []) {
      if (conditions?.ready !== false && hosts[0]) addresses.push({ host: hosts[0], port: slicePort });
    }
  }
  const chosen = addresses[random.below(Math.max(1, addresses.length))];
  if (!chosen) throw new NoEndpoint(`no endpoints available for service ${called}`);
  return chosen;
}
