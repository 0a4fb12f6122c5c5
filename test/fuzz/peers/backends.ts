/** Servers behind the proxies of pods and services: they answer as `misbehaving.ts` says, in the clear and with TLS. */
import { networkInterfaces } from "node:os";
import type { Credentials } from "../../../src/testing/credentials.ts";
import { type Misbehaving, startMisbehaving } from "./misbehaving.ts";
import { STREAMS } from "../names.ts";

/** Of the pod and of the service. */
const NAME = "live";

export interface Backends {
  readonly address: string;
  /** By the names of their ports. */
  readonly servers: Readonly<Record<"http" | "https", Misbehaving>>;
}

/**
 * An address of this machine that is not loopback, which nothing is proxied to. Without one the proxies refuse, as they
 * must, and nothing behind them is attacked.
 */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = all.find(
    ({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("169.254."),
  );
  return own?.address ?? "127.0.0.1";
}

export async function startBackends(credentials: Credentials): Promise<Backends> {
  const host = ownAddress();
  const well = () => undefined;
  const [http, https] = await Promise.all([
    startMisbehaving({ host, well }),
    startMisbehaving({ ...credentials.serving([host]), host, well }),
  ]);
  return { address: host, servers: { http, https } };
}

/** To be created in this order. */
export function backendObjects({ address, servers }: Backends): readonly object[] {
  const ports = Object.entries(servers).map(([name, { port }]) => ({ name, port }));
  const containerPorts = ports.map(({ name, port }) => ({ name, containerPort: port }));
  const metadata = { name: NAME, namespace: STREAMS };
  const isProxied = address !== "127.0.0.1";
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: { nodeName: "broken", containers: [{ name: "web", image: "x", ports: containerPorts }] },
    },
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports } },
    ...(isProxied
      ? [
          {
            apiVersion: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: { ...metadata, labels: { "kubernetes.io/service-name": NAME } },
            addressType: "IPv4",
            endpoints: [{ addresses: [address], conditions: { ready: true } }],
            ports,
          },
        ]
      : []),
  ];
}

/** Merged into the status of the pod: what nobody creates. */
export const backendStatus = ({ address }: Backends) => ({
  name: NAME,
  namespace: STREAMS,
  status: { phase: "Running", podIP: address, podIPs: [{ ip: address }] },
});
