import { AuditLog } from "#apiserver/audit/audit-log";
import type { AuditPolicy } from "#apiserver/audit/policy";
import { RotatingFile } from "#apiserver/audit/rotating-file";
import { startApiServer } from "#apiserver/server";
import { secure } from "#apiserver/security";
import { keepCompact } from "#apiserver/storage/compactor";
import { connectHandlers } from "#apiserver/streaming/connect";
import { KubeletConnections } from "#apiserver/streaming/kubelet-connection";
import { systemClock } from "#base/clock";
import { logger } from "#base/log";
import { systemRandom } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import { runControllers } from "#reconciler/run";
import { Scheduler } from "#scheduler/scheduler";
import { openDiskStore } from "#store/disk/disk-store";
import { CertificateStore } from "./certificates/certificate-store.ts";
import { apiServerKubeletClient, apiServerServing } from "./certificates/profiles.ts";
import { clusterControllers } from "./controllers.ts";
import { apiServiceAddress, dnsServiceAddress } from "./settings.ts";
import { applySystemObjects, controllerUser, CONTROLLERS_USER } from "./system-objects.ts";

const log = logger("control-plane");

/** Listens on every address of the machine. */
const ANY = "0.0.0.0";

export interface ControlPlaneOptions {
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
  /** Requests go on record by this policy, one JSON object a line; without it none do. */
  readonly audit?: { readonly policy: AuditPolicy; readonly logFile: string };
  readonly scope: Scope;
}

/** API server, controllers and scheduler in this process, on an embedded store. Resolves when the API is served. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<void> {
  const { scope, serviceRange, podRange, port, address } = options;
  const [clock, random] = [systemClock, systemRandom];
  const [store, certificates] = await Promise.all([
    openDiskStore(options.storeDir, { clock, random }),
    CertificateStore.open(options.pkiDir, { clock }),
  ]);
  scope.defer(() => store.close());
  scope.defer(() => certificates.close());
  const serving = apiServerServing({
    dns: [],
    addresses: [address],
    serviceAddresses: [apiServiceAddress(serviceRange)],
    clusterDomain: options.clusterDomain,
  });
  const [servingPair, firstKubeletPair] = await Promise.all([
    certificates.pair(serving),
    certificates.pair(apiServerKubeletClient),
  ]);
  let kubeletPair = firstKubeletPair;
  certificates.onRenewed(apiServerKubeletClient.name, (pair) => (kubeletPair = pair));
  const authority = certificates.cluster.certificate;

  const audit = options.audit && (await openAudit(options.audit, scope));
  const security = secure({
    ...(audit ? { audit } : {}),
    clientAuthorities: [authority],
    serviceAccountKey: certificates.serviceAccountKey,
    serverUrl: () => `https://${address}:${port}`,
  });
  const server = await startApiServer({
    store,
    clock,
    random,
    services: { addresses: [serviceRange] },
    async rooms(inner) {
      const kubelets = new KubeletConnections(inner.cache, () => ({
        ca: authority,
        cert: kubeletPair.certificate,
        key: kubeletPair.key,
      }));
      scope.defer(() => kubelets.close());
      const connects = connectHandlers({ cache: inner.cache, kubelets, random });
      return { ...(await security(inner)), connects };
    },
  });
  scope.defer(() => server.close());
  const listening = await server.listen({
    host: options.host ?? ANY,
    port,
    clientCa: authority,
    ...servingPair,
  });
  certificates.onRenewed(serving.name, (pair) => listening.renew(pair));
  keepCompact(store, clock, scope);

  const clientOf = (name: string, ...groups: string[]) =>
    new Client(server.transport({ name, groups: [...groups, "system:authenticated"] }));
  const admin = clientOf("system:k8ts:cluster", "system:masters");
  const controllers = clusterControllers({ authority: certificates.cluster, podRange, admin });
  await applySystemObjects(admin, { dnsAddress: dnsServiceAddress(serviceRange), controllers });
  const client = clientOf(CONTROLLERS_USER);
  const informers = new InformerSet({ client, clock, random, scope });
  await Promise.all([
    server.advertise({ address, port }),
    runControllers({
      client,
      clientFor: (name) => clientOf(controllerUser(name)),
      informers,
      clock,
      random,
      scope,
      controllers,
    }),
    new Scheduler({ client: clientOf("system:kube-scheduler"), informers, clock, random, scope }).start(),
  ]);
  log.info("control plane started", { address, port });
}

async function openAudit(
  { policy, logFile }: NonNullable<ControlPlaneOptions["audit"]>,
  scope: Scope,
): Promise<AuditLog> {
  const file = await RotatingFile.open({ path: logFile, clock: systemClock });
  scope.defer(() => file.close());
  return new AuditLog(policy, file, systemClock);
}
