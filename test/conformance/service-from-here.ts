/** A Service whose endpoint is this process, as a pod would be: the API server reaches it by the Service's name. */
import { CoreV1Api, DiscoveryV1Api } from "@kubernetes/client-node";
import { CertificateAuthority } from "#cluster/certificates/authority";
import type { ConformanceContext } from "./suite.ts";

const DAY_MS = 86_400_000;

/** Makes a Service in the test's namespace that leads to a port of this machine. */
export async function serviceFromHere(
  context: ConformanceContext,
  name: string,
  port: number,
  targetPort: number,
): Promise<void> {
  const { api, namespace } = context;
  await api(CoreV1Api).createNamespacedService({
    namespace,
    body: { metadata: { name }, spec: { ports: [{ name: "https", port, protocol: "TCP" }] } },
  });
  await api(DiscoveryV1Api).createNamespacedEndpointSlice({
    namespace,
    body: {
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "https", port: targetPort, protocol: "TCP" }],
      endpoints: [{ addresses: [await addressHere(context)], conditions: { ready: true } }],
    },
  });
}

/** Of this machine, as the cluster knows it: the API server is on it. */
export async function addressHere({ api }: ConformanceContext): Promise<string> {
  const query = { namespace: "default", labelSelector: "kubernetes.io/service-name=kubernetes" };
  const { items } = await api(DiscoveryV1Api).listNamespacedEndpointSlice(query);
  return items[0]!.endpoints![0]!.addresses[0]!;
}

/** A key and its certificate, for a service and for loopback, and the authority that clients should believe. All PEM. */
export function certificateFor(host: string): { cert: string; key: string; ca: string } {
  const now = Date.now();
  const authority = new CertificateAuthority(CertificateAuthority.create({ commonName: "conformance" }, now));
  const { certificate, key } = authority.issue(
    {
      subject: { commonName: host },
      names: { dns: [host], addresses: ["127.0.0.1"] },
      usages: ["digital signature", "key encipherment"],
      extendedUsages: ["server auth"],
      lifetimeMs: DAY_MS,
    },
    now,
  );
  return { cert: certificate, key, ca: authority.certificate };
}
