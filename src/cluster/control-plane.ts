import { hostname } from "node:os";
import { resources } from "#api/registry";
import type { RequestHeaderOptions } from "#apiserver/authentication/request-header";
import { servedResources } from "#apiserver/runtime-config";
import type { Encryption } from "#apiserver/encryption/encryption";
import { rewriteStale } from "#apiserver/encryption/rewrite";
import { secure } from "#apiserver/security";
import { SNAPSHOT_PATH, snapshotHandler } from "#apiserver/store-snapshot";
import { type ApiServer, startApiServer } from "#apiserver/server";
import { keepCompact } from "#apiserver/storage/compactor";
import { connectHandlers } from "#apiserver/streaming/connect";
import { KubeletConnections } from "#apiserver/streaming/kubelet-connection";
import { systemClock } from "#base/clock";
import { logger } from "#base/log";
import { systemRandom } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import type { FabricOptions } from "#network/machine/fabric";
import { isHalfRestored } from "#store/etcd/restore-etcd";
import type { Store } from "#store/store";
import { writeAdminKubeconfig } from "./admin-kubeconfig.ts";
import { CertificateStore } from "./certificates/certificate-store.ts";
import { apiServerKubeletClient, apiServerServing } from "./certificates/profiles.ts";
import { applyClusterInfo } from "./cluster-info.ts";
import { clusterControllers } from "./controllers.ts";
import { openEncryption } from "./encryption/open-encryption.ts";
import { openAudit } from "./flags/audit-flags.ts";
import { frontProxyIdentity, requestHeaderOf } from "./flags/front-proxy-flags.ts";
import { loadLimits } from "./flags/load-flags.ts";
import { securitySettings } from "./flags/security-flags.ts";
import type { ServerFlags } from "./flags/server-flags.ts";
import { keepMachineRoutes } from "./machine-routes.ts";
import { startManagers } from "./managers.ts";
import { apiServiceAddress, dnsServiceAddress } from "./settings.ts";
import { keepIdentity } from "./server-identity.ts";
import { StepFailed } from "./steps.ts";
import { openStore } from "./store-location.ts";
import { applySystemObjects } from "./system-objects.ts";

const log = logger("control-plane");
const [clock, random] = [systemClock, systemRandom];

/** Listens on every address of the machine. */
const ANY = "0.0.0.0";

export interface ControlPlaneOptions {
  /** Of the embedded store, where no other is asked for. */
  readonly storeDir: string;
  readonly pkiDir: string;
  /** Where nodes and pods reach this machine. */
  readonly address: string;
  /** Where the API is served; default every address of the machine. */
  readonly host?: string;
  readonly port: number;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly clusterDomain: string;
  /** The cables of a local cluster, by which this machine reaches its services. */
  readonly fabric?: FabricOptions;
  /** A kubeconfig with all rights is written for people of this machine; absent: they have one already. */
  readonly kubeconfig?: { readonly path: string; readonly cluster: string };
  /** Requests go on record by this policy and in this file, where flags name no others; without a policy none do. */
  readonly audit?: { readonly policyFile?: string; readonly logFile: string };
  /** What was asked for on the command line and is none of the above. */
  readonly flags: ServerFlags;
  readonly scope: Scope;
}

/** API server, controllers and scheduler in this process. Resolves when the API is served and they work. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<void> {
  const { scope, flags, podRange, port, address } = options;
  const opened = await openParts(options);
  const { store, certificates } = opened;
  let isManaging = false;
  const server = await startServer(options, opened, () => isManaging);
  await listen(server, opened, options);
  await tellPeople(options, certificates);
  keepCompact(store, clock, scope, flags["etcd-compaction-interval"]);
  if (options.fabric) keepMachineRoutes(server.cache, options.fabric, scope);

  const clientOf = (name: string, ...groups: string[]) =>
    new Client(server.transport({ name, groups: [...groups, "system:authenticated"] }));
  const admin = clientOf("system:k8ts:cluster", "system:masters");
  const controllers = clusterControllers({
    authority: certificates.cluster,
    podRange,
    serviceAccountKey: certificates.serviceAccountKey,
  });
  await furnish(admin, controllers, certificates, options);
  if (flags["endpoint-reconciler-type"] !== "none") await server.advertise({ address, port });
  if (server.gates.enabled("APIServerIdentity")) {
    keepIdentity({ client: admin, clock, random, hostname: hostname(), scope });
  }
  const elects = flags["leader-elect"] ?? store.isShared;
  const { measures } = server;
  await startManagers({ clientOf, controllers, elects, measures, clock, random, scope });
  isManaging = true;
  const { rewrites } = opened;
  if (rewrites) scope.run((signal) => rewriteStale(store, rewrites, { signal }));
  log.info("control plane started", { address, port, store: flags.store?.type ?? "disk" });
}

/** What a server is made from; closed with the scope. */
interface Parts {
  readonly store: Store;
  readonly certificates: CertificateStore;
  readonly requestHeader: RequestHeaderOptions;
  readonly encryption?: Encryption;
  /** By this one, what is stored otherwise is written anew. */
  readonly rewrites?: Encryption;
}

/** Throws StepFailed for a store that cannot be used. */
async function openParts(options: ControlPlaneOptions): Promise<Parts> {
  const { flags, storeDir, pkiDir, scope } = options;
  const [store, certificates] = await Promise.all([
    openStore(flags.store ?? { type: "disk" }, { directory: storeDir, clock, random }),
    CertificateStore.open(pkiDir, { clock }),
  ]);
  scope.defer(() => store.close());
  scope.defer(() => certificates.close());
  if (store.isShared && (await isHalfRestored(store))) {
    throw new StepFailed("the store was restored only in part", "restore it again with --force");
  }
  const [requestHeader, encryption] = await Promise.all([
    requestHeaderOf(flags, certificates),
    openEncryption({ ...options, store, clock, random }),
  ]);
  return { store, certificates, requestHeader, ...encryption };
}

/** `isManaging`: whether controllers and scheduler have started. */
async function startServer(
  options: ControlPlaneOptions,
  parts: Parts,
  isManaging: () => boolean,
): Promise<ApiServer> {
  const { scope, flags, serviceRange } = options;
  const { "event-ttl": eventTtlMs, "service-node-port-range": nodePorts } = flags;
  const managed = (name: string) => ({
    name,
    check: () => (isManaging() ? undefined : "it has not started yet"),
  });
  const { store, encryption } = parts;
  const security = await securityOf(options, parts);
  const server = await startApiServer({
    store,
    ...(encryption ? { encryption } : {}),
    components: ["controller-manager", "scheduler"].map(managed),
    clock,
    random,
    resources: servedResources(resources, flags["runtime-config"]),
    gates: flags["feature-gates"] ?? {},
    limits: {
      ...loadLimits(flags),
      ...(eventTtlMs === undefined ? {} : { eventTtlSeconds: Math.ceil(eventTtlMs / 1000) }),
    },
    priorityAndFairness: flags["enable-priority-and-fairness"] ?? true,
    services: { addresses: [serviceRange], ...(nodePorts ? { nodePorts } : {}) },
    rooms: security,
    frontProxy: await frontProxyIdentity(flags, parts.certificates, scope.signal),
    identityHeaders: parts.requestHeader,
  });
  scope.defer(() => server.close());
  return server;
}

/** A kubeconfig for people of this machine, where one is wanted. */
async function tellPeople(
  { kubeconfig, host: asked = ANY, port }: ControlPlaneOptions,
  certificates: CertificateStore,
): Promise<void> {
  if (!kubeconfig) return;
  const { path, cluster } = kubeconfig;
  const host = asked === ANY ? "127.0.0.1" : asked;
  await writeAdminKubeconfig(path, { cluster, host, port }, certificates);
}

/** Objects that every cluster of ours has. */
async function furnish(
  admin: Client,
  controllers: ReturnType<typeof clusterControllers>,
  { cluster: { certificate } }: CertificateStore,
  { serviceRange, address, port }: ControlPlaneOptions,
): Promise<void> {
  await applySystemObjects(admin, { dnsAddress: dnsServiceAddress(serviceRange), controllers });
  await applyClusterInfo(admin, { server: `https://${address}:${port}`, authority: certificate });
}

async function listen(
  server: ApiServer,
  { certificates, requestHeader: { clientAuthorities } }: Parts,
  { host = ANY, port, address, serviceRange, clusterDomain }: ControlPlaneOptions,
): Promise<void> {
  const serving = apiServerServing({
    dns: [],
    addresses: [address],
    serviceAddresses: [apiServiceAddress(serviceRange)],
    clusterDomain,
  });
  const clientCa = [certificates.cluster.certificate, ...clientAuthorities].join("");
  const listening = await server.listen({ host, port, clientCa, ...(await certificates.pair(serving)) });
  certificates.onRenewed(serving.name, (pair) => listening.renew(pair));
}

/** Who may do what on this server, and how it reaches its nodes. */
async function securityOf(
  { scope, flags, address, port, audit: auditing }: ControlPlaneOptions,
  { certificates, requestHeader, store }: Parts,
): Promise<Parameters<typeof startApiServer>[0]["rooms"]> {
  const authority = certificates.cluster.certificate;
  const audit = await openAudit(flags, { ...auditing, clock, random, scope });
  const { "enable-admission-plugins": enableAdmission, "disable-admission-plugins": disableAdmission } =
    flags;
  const security = secure({
    ...(await securitySettings(flags)),
    ...(audit ? { audit } : {}),
    ...(enableAdmission ? { enableAdmission } : {}),
    ...(disableAdmission ? { disableAdmission } : {}),
    clientAuthorities: [authority],
    requestHeader,
    serviceAccountKey: certificates.serviceAccountKey,
    serverUrl: () => `https://${address}:${port}`,
  });
  let kubeletPair = await certificates.pair(apiServerKubeletClient);
  certificates.onRenewed(apiServerKubeletClient.name, (pair) => (kubeletPair = pair));
  return async (inner) => {
    const kubelets = new KubeletConnections(inner.cache, () => ({
      ca: authority,
      cert: kubeletPair.certificate,
      key: kubeletPair.key,
    }));
    scope.defer(() => kubelets.close());
    const connects = connectHandlers({ cache: inner.cache, kubelets, random: inner.random });
    const rooms = await security(inner);
    const snapshot = snapshotHandler(store, rooms.authorizer);
    const paths = new Map([...(rooms.paths ?? []), [SNAPSHOT_PATH, snapshot] as const]);
    return { ...rooms, paths, connects };
  };
}
