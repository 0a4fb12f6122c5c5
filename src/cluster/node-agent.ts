import { Resolver } from "node:dns/promises";
import { Node, nodeCondition } from "#api/core-v1/node";
import { systemClock } from "#base/clock";
import { logger } from "#base/log";
import { systemRandom } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import type { TlsMaterial } from "#client/node/credentials";
import { HttpsTransport } from "#client/node/https-transport";
import { bindServiceIPs, machineUpstreams, startDns } from "#dns/dns";
import { type Kubelet, startKubelet } from "#kubelet/kubelet";
import { KubeletAccess } from "#kubelet/streaming/access";
import { KubeletServer } from "#kubelet/streaming/kubelet-server";
import { podTargets } from "#kubelet/streaming/pod-targets";
import { startNetwork } from "#network/network";
import { startProxy } from "#proxy/proxy";
import { CertificateStore } from "./certificates/certificate-store.ts";
import {
  type CertificateProfile,
  kubeletClient,
  kubeletServing,
  nodeNetworkClient,
} from "./certificates/profiles.ts";
import { keepContainerdRunning } from "./containerd/keep-running.ts";
import type { NodePlaces } from "./places.ts";
import { dnsServiceAddress } from "./settings.ts";
import { VERSION } from "./version.ts";

const log = logger("node-agent");

const KUBELET_PORT = 10250;
const DNS_PORT = 53;

export interface NodeAgentOptions {
  readonly places: NodePlaces;
  readonly address: string;
  /** Base URL of the API server. */
  readonly server: string;
  readonly pkiDir: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly clusterDomain: string;
  /** Cgroup that everything of this node is below; each node of a machine has one of its own. */
  readonly cgroupRoot: string;
  /** The node reaches what the machine reaches; names outside the cluster are asked for there. */
  readonly uplink: boolean;
  readonly scope: Scope;
}

/** Kubelet, service proxy, pod network and DNS of one node, in this process. Resolves when the node is ready. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<void> {
  const { places, address, scope, serviceRange, podRange, clusterDomain } = options;
  const [clock, random] = [systemClock, systemRandom];
  const certificates = await CertificateStore.open(options.pkiDir, { clock });
  scope.defer(() => certificates.close());
  const clientAs = async (profile: CertificateProfile): Promise<Client> => {
    const tls = await tlsOf(certificates, profile);
    const transport = new HttpsTransport({ servers: [options.server], tls, clock, random });
    scope.defer(() => transport.close());
    return new Client(transport);
  };
  const [kubeletApi, networkApi] = await Promise.all([
    clientAs(kubeletClient(places.name)),
    clientAs(nodeNetworkClient(places.name)),
  ]);
  const informers = new InformerSet({ client: networkApi, clock, random, scope });
  const shared = { informers, nodeName: places.name, nodeIPs: [address], clock, scope };
  const dnsAddress = dnsServiceAddress(serviceRange);
  keepContainerdRunning(places, clock, scope);
  const kubelet = await startKubelet({
    client: kubeletApi,
    nodeName: places.name,
    nodeIPs: [address],
    runtimeSocket: places.containerdSocket,
    rootDir: places.kubelet,
    podLogsDir: places.podLogs,
    cgroupRoot: options.cgroupRoot,
    clusterDNS: [dnsAddress],
    clusterDomain,
    port: KUBELET_PORT,
    version: VERSION,
    clock,
    random,
    scope,
  });
  await serveKubelet(kubelet, kubeletApi, certificates, options);
  const [network] = await Promise.all([
    startNetwork({
      ...shared,
      podRanges: [podRange],
      cniConfDir: places.cniConfDir,
      addressesDir: `${places.run}/addresses`,
    }),
    startProxy({
      ...shared,
      podCIDRs: [podRange],
      serviceCIDRs: [serviceRange],
      boundAddresses: [dnsAddress],
    }),
  ]);
  await Promise.all([
    network.ready,
    serveDns(informers, dnsAddress, options),
    nodeReady(informers, places.name, scope.signal),
  ]);
  await dnsAnswers(dnsAddress, clusterDomain);
  log.info("node started", { node: places.name, address });
}

/** Resolves when the cluster sees this node as ready. */
async function nodeReady(informers: InformerSet, name: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  const look = (node: Node) => {
    if (node.metadata.name === name && nodeCondition(node, "Ready")?.status === "True") resolve();
  };
  const end = informers.of(Node).handle({ added: look, updated: look });
  await promise.finally(end);
}

/** Asks the way a pod would. */
async function dnsAnswers(address: string, clusterDomain: string): Promise<void> {
  const resolver = new Resolver();
  resolver.setServers([address]);
  await resolver.resolve4(`kubernetes.default.svc.${clusterDomain}`);
}

/** Every node answers at the address of the cluster's DNS itself, so that no question leaves it. */
async function serveDns(
  informers: InformerSet,
  address: string,
  { clusterDomain, uplink, scope }: NodeAgentOptions,
): Promise<void> {
  await bindServiceIPs([address]);
  const upstreams = uplink ? await machineUpstreams({ own: [address], ownLoopback: false }) : [];
  await startDns({
    informers,
    listen: [{ address, port: DNS_PORT }],
    upstreams,
    clusterDomain,
    serviceIPs: [address],
    clock: systemClock,
    random: systemRandom,
    scope,
  });
}

/** The kubelet's HTTPS API, for the API server and for who collects metrics. */
async function serveKubelet(
  { runtime, pods, documents }: Kubelet,
  client: Client,
  certificates: CertificateStore,
  { places, address, scope }: NodeAgentOptions,
): Promise<void> {
  const profile = kubeletServing(places.name, { dns: [], addresses: [address] });
  const { certificate, key } = await certificates.pair(profile);
  const server = new KubeletServer({
    targets: podTargets(pods),
    runtime,
    access: new KubeletAccess(client, systemClock, places.name),
    clock: systemClock,
    clientCa: certificates.cluster.certificate,
    serving: { cert: certificate, key },
    documents,
  });
  certificates.onRenewed(profile.name, (pair) => server.renew({ cert: pair.certificate, key: pair.key }));
  await server.listen(address, KUBELET_PORT);
  scope.defer(() => server.close());
}

/** The pair in force; a renewed one makes new connections. */
async function tlsOf(
  certificates: CertificateStore,
  profile: CertificateProfile,
): Promise<() => TlsMaterial> {
  const materialOf = ({
    certificate,
    key,
  }: {
    readonly certificate: string;
    readonly key: string;
  }): TlsMaterial => ({
    ca: certificates.cluster.certificate,
    cert: certificate,
    key,
  });
  let material = materialOf(await certificates.pair(profile));
  certificates.onRenewed(profile.name, (pair) => (material = materialOf(pair)));
  return () => material;
}
