import { Endpoints } from "#api/core-v1/endpoints";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { type Cidr, familyOf } from "#base/ip";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import type { Loopback, ReadCache } from "./contracts.ts";
import { nameOfFamily } from "./rest/services/families.ts";
import { firstAddress } from "./rest/services/ranges.ts";

/** Namespaces that every cluster has. */
export const SYSTEM_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"] as const;

const NAME = "kubernetes";
const NAMESPACE = "default";
const SERVED_PORT = 443;

/** Creates what is not there. */
export async function bootstrapNamespaces(loopback: Loopback, cache: ReadCache): Promise<void> {
  const missing = SYSTEM_NAMESPACES.filter((name) => !cache.get(Namespace, undefined, name));
  await Promise.all(missing.map((name) => ensure(loopback, Namespace, "", { metadata: { name } })));
}

export interface Advertised {
  /** Where pods and nodes reach this API server. */
  readonly address: string;
  readonly port: number;
}

/** The service by which pods reach the API servers, and the addresses behind it; all serve at the same port. */
export async function advertise(
  loopback: Loopback,
  cache: ReadCache,
  { addresses, port }: { readonly addresses: readonly string[]; readonly port: number },
  [range]: readonly Cidr[],
): Promise<void> {
  const [first] = addresses;
  if (!range || first === undefined) return;
  if (!cache.get(Service, NAMESPACE, NAME))
    await ensure(loopback, Service, NAMESPACE, {
      metadata: { name: NAME, labels: { component: "apiserver", provider: "kubernetes" } },
      spec: {
        clusterIP: firstAddress(range),
        ports: [{ name: "https", protocol: "TCP", port: SERVED_PORT, targetPort: port }],
        sessionAffinity: "None",
        type: "ClusterIP",
      },
    });
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const family = nameOfFamily(familyOf(first));
  await replace(loopback, EndpointSlice, {
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": NAME } },
    addressType: family,
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports,
  });
  await replace(loopback, Endpoints, {
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports }],
  });
}

async function ensure<T extends AnyObject>(
  loopback: Loopback,
  resource: Resource<T>,
  namespace: string,
  body: object,
): Promise<void> {
  try {
    await loopback.call({ resource, verb: "create", namespace, body });
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

async function replace<T extends AnyObject, B extends Named>(
  loopback: Loopback,
  resource: Resource<T>,
  body: B,
): Promise<void> {
  const { name, namespace } = body.metadata;
  try {
    await loopback.call({ resource, verb: "update", namespace, name, body });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
    await ensure(loopback, resource, namespace, body);
  }
}
