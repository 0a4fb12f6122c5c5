/** For tests: an API server on loopback with the certificates of a new cluster, ready for extension servers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APIService, type APIServiceCondition } from "#api/apiregistration-v1/apiservice";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import { Namespace } from "#api/core-v1/namespace";
import { Service } from "#api/core-v1/service";
import { secure } from "#apiserver/security";
import { type ApiServer, startApiServer } from "#apiserver/server";
import type { User } from "#apiserver/contracts";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { HttpsTransport } from "#client/node/https-transport";
import type { Transport } from "#client/transport";
import type { KeyPair } from "#cluster/certificates/authority";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { apiServerServing, FRONT_PROXY_NAME, frontProxyClient } from "#cluster/certificates/profiles";
import { openMemoryStore } from "#store/memory/memory-store";
import { Flunder } from "./flunder.ts";

interface Test {
  after(end: () => Promise<void>): void;
}

const ADMIN_TOKEN = "admin-token";
const EXTENSION_TOKEN = "extension-token";
const HOUR_MS = 3_600_000;

/** Where the service of the extension server is. */
export const EXTENSION_SERVICE = { namespace: "wardle", name: "flunders" };

export interface AggregatedCluster {
  readonly server: ApiServer;
  /** Of the API server; TLS goes by the machine's. */
  readonly clock: VirtualClock;
  readonly url: string;
  readonly ca: string;
  readonly adminToken: string;
  /** For `startExtensionServer`. */
  readonly forExtension: { readonly url: string; readonly ca: string; readonly token: string };
  /** With all rights, over the wire. */
  readonly admin: Transport;
  /** Over the wire, as the holder of this token. */
  as(token: string): Transport;
  /** A certificate for the extension server's service, of the cluster's authority. */
  certificate(): KeyPair;
  readonly frontProxy: () => KeyPair;
  /** The service of the extension server, and the API service for flunders. */
  announce(port: number, spec?: object): Promise<void>;
  /** Resolves when the condition Available has this reason. */
  available(reason: string, name?: string): Promise<APIServiceCondition>;
}

export const FLUNDERS = `v1alpha1.${Flunder.group}`;

/** Ends with the test. `users`: by their tokens, beside the administrator. */
export async function startAggregatedCluster(
  t: Test,
  users: Readonly<Record<string, User>> = {},
): Promise<AggregatedCluster> {
  const dir = await mkdtemp(join(tmpdir(), "aggregation-"));
  const clock = new VirtualClock(systemClock.now());
  const certificates = await CertificateStore.open(dir, { clock });
  const frontProxy = await certificates.current(frontProxyClient);
  const store = openMemoryStore({ clock });
  const extension = { name: "system:serviceaccount:wardle:flunders", groups: [] };
  const server = await startApiServer({
    store,
    clock,
    random: systemRandom,
    frontProxy,
    rooms: secure({
      clientAuthorities: [certificates.cluster.certificate],
      serviceAccountKey: certificates.serviceAccountKey,
      serverUrl: () => "https://127.0.0.1",
      requestHeader: {
        clientAuthorities: [certificates.frontProxy.certificate],
        allowedNames: [FRONT_PROXY_NAME],
      },
      staticTokens: new Map<string, User>([
        [ADMIN_TOKEN, { name: "admin", uid: "42", groups: ["system:masters"], extra: { team: ["a", "b"] } }],
        [EXTENSION_TOKEN, extension],
        ...Object.entries(users),
      ]),
    }),
  });
  const names = { dns: [], addresses: ["127.0.0.1"], serviceAddresses: [] };
  const ca = certificates.cluster.certificate;
  const { url } = await server.listen({
    host: "127.0.0.1",
    port: 0,
    clientCa: ca + certificates.frontProxy.certificate,
    ...(await certificates.pair(apiServerServing(names))),
  });
  const transports: HttpsTransport[] = [];
  const as = (token: string): HttpsTransport => {
    const made = new HttpsTransport({
      servers: [url],
      tls: { ca },
      token,
      clock: systemClock,
      random: systemRandom,
    });
    transports.push(made);
    return made;
  };
  const admin = as(ADMIN_TOKEN);
  t.after(async () => {
    for (const transport of transports) transport.close();
    await server.close();
    await store.close();
    await certificates.close();
    await rm(dir, { recursive: true });
  });
  await letDelegate(admin, extension.name);
  const { namespace, name } = EXTENSION_SERVICE;
  return {
    server,
    clock,
    url,
    ca,
    adminToken: ADMIN_TOKEN,
    forExtension: { url, ca, token: EXTENSION_TOKEN },
    admin,
    as,
    frontProxy,
    certificate: () =>
      certificates.cluster.issue(
        {
          subject: { commonName: "flunders" },
          names: { dns: [`${name}.${namespace}.svc`], addresses: [] },
          usages: ["digital signature", "key encipherment"],
          extendedUsages: ["server auth"],
          lifetimeMs: HOUR_MS,
        },
        clock.now(),
      ),
    announce: (port, spec = {}) => announce(admin, ca, port, spec),
    available: (reason, of = FLUNDERS) => becomes(server, of, reason),
  };
}

/** What operators bind for every extension server. */
async function letDelegate(admin: Transport, user: string): Promise<void> {
  const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }];
  const roleRef = (kind: string, name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
  const metadata = { name: "flunders" };
  await admin.call({
    resource: ClusterRoleBinding,
    verb: "create",
    body: { metadata, subjects, roleRef: roleRef("ClusterRole", "system:auth-delegator") },
  });
  await admin.call({
    resource: RoleBinding,
    verb: "create",
    namespace: "kube-system",
    body: { metadata, subjects, roleRef: roleRef("Role", "extension-apiserver-authentication-reader") },
  });
}

async function announce(admin: Transport, ca: string, port: number, spec: object): Promise<void> {
  const { namespace, name } = EXTENSION_SERVICE;
  await admin.call({ resource: Namespace, verb: "create", body: { metadata: { name: namespace } } });
  // Endpoints may not be on loopback; a name may.
  const service = { metadata: { name }, spec: { type: "ExternalName", externalName: "localhost" } };
  await admin.call({ resource: Service, verb: "create", namespace, body: service });
  const body = {
    metadata: { name: FLUNDERS },
    spec: {
      group: Flunder.group,
      version: Flunder.version,
      service: { namespace, name, port },
      caBundle: Buffer.from(ca).toString("base64"),
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      ...spec,
    },
  };
  await admin.call({ resource: APIService, verb: "create", body });
}

function becomes({ cache }: ApiServer, name: string, reason: string): Promise<APIServiceCondition> {
  const conditionOf = (service: APIService | undefined) =>
    service?.status?.conditions?.find(
      (one: APIServiceCondition) => one.type === "Available" && one.reason === reason,
    );
  return new Promise((resolve) => {
    const look = (service: APIService | undefined): boolean => {
      const found = conditionOf(service);
      if (found) resolve(found);
      return found !== undefined;
    };
    if (look(cache.get(APIService, undefined, name))) return;
    const end = cache.onChange(APIService, ({ after }) => {
      if (after?.metadata.name === name && look(after)) end();
    });
  });
}
