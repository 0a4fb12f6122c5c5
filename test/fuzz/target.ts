/** What is attacked: an API server in this process that listens with TLS on the loopback interface, with rights that count. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APIService, type APIServiceCondition } from "#api/apiregistration-v1/apiservice";
import { Namespace } from "#api/core-v1/namespace";
import { Node as NodeKind } from "#api/core-v1/node";
import { Pod as PodKind } from "#api/core-v1/pod";
import { resources } from "#api/registry";
import { AuditLog } from "#apiserver/audit/audit-log";
import { parseAuditPolicy } from "#apiserver/audit/policy";
import { Encryption } from "#apiserver/encryption/encryption";
import { secure } from "#apiserver/security";
import { type ApiServer, startApiServer } from "#apiserver/server";
import { connectHandlers } from "#apiserver/streaming/connect";
import { KubeletConnections } from "#apiserver/streaming/kubelet-connection";
import { systemClock } from "#base/clock";
import { seededRandom, systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import type { AnyObject, Resource } from "#machinery/schema";
import { openMemoryStore } from "#store/memory/memory-store";
import { Credentials } from "../../src/testing/credentials.ts";
import type { Misbehaving } from "./peers/misbehaving.ts";
import { KEPT_OBJECTS } from "./objects.ts";
import { ASKER, BELIEVER, type Believed, deceivingCollector, deceivingSettings } from "./peers/deceived.ts";
import { EXTENSION, FUZZED, KEPT, OWN_NAMES, STREAMS } from "./names.ts";
import { startSurroundings } from "./peers/surroundings.ts";

export interface Target {
  readonly port: number;
  readonly authority: string;
  readonly kinds: readonly Resource[];
  /** The latest lines of the audit log. */
  readonly audited: readonly string[];
  readonly server: ApiServer;
  readonly kubelet: Misbehaving;
  /** Connections that the server has open to others, but for those that wait for the next request. */
  readonly outgoing: number;
  /** By key, every object that there is. */
  objects(): ReadonlyMap<string, string>;
  /** By key, every object that a server which starts anew on the same store has. */
  objectsAnew(): Promise<ReadonlyMap<string, string>>;
  /** By key, every object that the attacker has no right to change. */
  guarded(): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Who asks, by token. */
export const USERS = new Map([
  ["attacker", { name: "attacker", groups: ["attackers", "system:authenticated"] }],
  ["node", { name: "system:node:kept", groups: ["system:nodes", "system:authenticated"] }],
  [BELIEVER, { name: BELIEVER, groups: ["attackers", "system:authenticated"] }],
  [ASKER, { name: ASKER, groups: ["system:authenticated"] }],
  ["reader", { name: "reader", groups: ["system:authenticated"] }],
  ["admin", { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] }],
]);

const WRITES = ["update", "patch", "delete", "deletecollection"];
/** They would decide over every later request. */
const GATES = "admissionregistration.k8s.io";

const RBAC = "rbac.authorization.k8s.io";
/** Not to delete, lest the attacker loses the own rights on the way. */
const RBAC_VERBS = ["create", "get", "list", "watch", "update", "patch"];

const served = resources.filter(({ servedByDefault, kind }) => servedByDefault && kind !== "ComponentStatus");

const ruleFor = ({ group, plural, subresources }: Resource, rest: object) => ({
  apiGroups: [group],
  resources: [plural, ...["status", "scale", ...Object.keys(subresources)].map((sub) => `${plural}/${sub}`)],
  ...rest,
});

const ownNamespace = [
  ...served
    .filter(({ namespaced }) => namespaced)
    .map((kind) => ruleFor(kind, { verbs: kind.group === RBAC ? RBAC_VERBS : ["*"] })),
  {
    apiGroups: ["example.com"],
    resources: ["keepers", "keepers/status", "keepers/scale", "lies", "lies/status"],
    verbs: ["*"],
  },
];
const streams = [
  ...["exec", "attach", "portforward", "log", "proxy"].map((sub) => `pods/${sub}`),
  "services/proxy",
];

const everywhere = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
  { apiGroups: [EXTENSION], resources: ["*"], verbs: ["*"] },
  { apiGroups: [""], resources: ["nodes/proxy"], resourceNames: ["broken"], verbs: ["*"] },
  ...served
    .filter(({ namespaced, group }) => !namespaced && group !== GATES)
    .flatMap((kind) => [
      ruleFor(kind, { verbs: ["create"] }),
      ruleFor(kind, { verbs: WRITES, resourceNames: OWN_NAMES }),
    ]),
];

const rbac = (kind: string, name: string, rest: object, namespace?: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind,
  metadata: { name, ...(namespace ? { namespace } : {}) },
  ...rest,
});
const toAttacker = (role: string) => ({
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "attackers" }],
});
const RIGHTS = [
  rbac("ClusterRole", "attacker-everywhere", { rules: everywhere }),
  rbac("ClusterRole", "attacker-inside", { rules: ownNamespace }),
  rbac("ClusterRole", "attacker-streams", {
    rules: [{ apiGroups: [""], resources: streams, verbs: ["*"] }],
  }),
  rbac("RoleBinding", "attacker-streams", toAttacker("attacker-streams"), STREAMS),
  rbac("ClusterRoleBinding", "attacker-everywhere", toAttacker("attacker-everywhere")),
  rbac("RoleBinding", "attacker-inside", toAttacker("attacker-inside"), FUZZED),
];

/** Everything is recorded, so that what records it is attacked too. */
const AUDIT_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: RequestResponse }]";
const AUDITED_MAX = 200;

/** Secrets and what is written most are encrypted, so that what reads and writes them is attacked too. */
const ENCRYPTION = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets, leases.coordination.k8s.io]
  providers:
  - aescbc: {keys: [{name: a, secret: ${"A".repeat(43)}=}]}
- resources: [configmaps]
  providers:
  - secretbox: {keys: [{name: a, secret: ${"A".repeat(43)}=}]}
`;

/** Ends with the scope. */
async function folder(scope: Scope): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "fuzz-"));
  scope.defer(() => rm(dir, { recursive: true }));
  return dir;
}

async function encryption(dir: string, scope: Scope): Promise<Encryption> {
  const configFile = join(dir, "encryption.yaml");
  await writeFile(configFile, ENCRYPTION);
  return Encryption.open({ configFile, clock: systemClock, random: systemRandom, scope });
}

/** Sockets that a pool of connections may keep for later. */
const POOLED_MAX = 64;

export async function startTarget(seed: number): Promise<Target> {
  const clock = systemClock;
  const random = seededRandom(seed);
  const store = openMemoryStore({ clock });
  const credentials = new Credentials(clock);
  const serving = credentials.serving(["127.0.0.1"]);
  const around = await startSurroundings(credentials);
  const scope = new Scope((error) => {
    throw error;
  });
  const dir = await folder(scope);
  const encrypted = await encryption(dir, scope);
  const believed: Believed = { port: around.liar.port, authority: credentials.authority };
  const settings = await deceivingSettings(dir, believed);
  const collector = await deceivingCollector(dir, believed, scope);
  let kubelets: KubeletConnections | undefined;
  const audited: string[] = [];
  const sink = {
    write({ json }: { readonly json: string }) {
      audited.push(json);
      if (audited.length > AUDITED_MAX) audited.shift();
    },
  };
  const server = await startApiServer({
    store,
    clock,
    random,
    encryption: encrypted,
    gates: { CBORServingAndStorage: true },
    frontProxy: () => serving,
    // Short, so that slow clients are met within a test.
    limits: { freshnessMs: 30, bodyMs: 300, headersMs: 500, drainMs: 500 },
    async rooms(inner) {
      kubelets = new KubeletConnections(inner.cache, () => ({
        ca: credentials.authority,
        cert: serving.certificate,
        key: serving.key,
      }));
      const rooms = await secure({
        clientAuthorities: [credentials.authority],
        requestHeader: { clientAuthorities: [credentials.authority], allowedNames: ["front-proxy-client"] },
        serviceAccountKey: credentials.serviceAccountKey,
        serverUrl: () => "https://127.0.0.1",
        staticTokens: USERS,
        ...settings,
        audit: new AuditLog(parseAuditPolicy(AUDIT_POLICY), [sink, collector], clock),
      })(inner);
      return { ...rooms, connects: connectHandlers({ cache: inner.cache, kubelets, random }) };
    },
  });
  const { kubelet, extension, backends, liar } = around;
  const peers = [kubelet, extension, liar, ...Object.values(backends.servers)];
  const transport = server.transport(USERS.get("admin")!);
  const kindOf = ({ apiVersion, kind }: AnyObject) =>
    served.find((each) => each.apiVersion === apiVersion && each.kind === kind)!;
  const put = async (body: object) => {
    const object = body as AnyObject;
    const { namespace } = object.metadata;
    await transport.call({ resource: kindOf(object), verb: "create", namespace, body });
  };
  for (const name of [FUZZED, KEPT, STREAMS]) {
    // oxlint-disable-next-line no-await-in-loop -- the objects below live in them
    await put({ apiVersion: Namespace.apiVersion, kind: Namespace.kind, metadata: { name } });
    // oxlint-disable-next-line no-await-in-loop -- pods need it
    await put({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  }
  // oxlint-disable-next-line no-await-in-loop -- quotas come after what they would count
  for (const body of [...RIGHTS, ...KEPT_OBJECTS, ...around.objects]) await put(body);
  await transport.call({
    resource: NodeKind as unknown as Resource,
    verb: "patch",
    subresource: "status",
    name: around.nodeStatus.name,
    patchType: "application/merge-patch+json",
    body: { status: around.nodeStatus.status },
  });
  await transport.call({
    resource: PodKind as unknown as Resource,
    verb: "patch",
    subresource: "status",
    ...around.podStatus,
    patchType: "application/merge-patch+json",
    body: { status: around.podStatus.status },
  });
  await available(server);
  const { port } = await server.listen({
    host: "127.0.0.1",
    port: 0,
    clientCa: credentials.authority,
    ...serving,
  });
  return {
    port,
    authority: credentials.authority,
    kinds: served,
    audited,
    server,
    kubelet: around.kubelet,
    get outgoing() {
      return Math.max(0, peers.reduce((sum, { open }) => sum + open, 0) - POOLED_MAX);
    },
    guarded: () => new Map([...objectsIn(server)].filter(([key]) => isGuarded(key))),
    objects: () => objectsIn(server),
    async objectsAnew() {
      const anew = await startApiServer({
        store,
        clock,
        random,
        encryption: encrypted,
        rooms: () => ({
          authenticator: { authenticate: () => Promise.resolve(undefined) },
          authorizer: { authorize: () => ({ verdict: "deny", reason: "" }) },
          admission: [],
        }),
      });
      try {
        return objectsIn(anew);
      } finally {
        await anew.close();
      }
    },
    async close() {
      kubelets?.close();
      await server.close();
      await store.close();
      await scope.close();
      for (const peer of peers) peer.close();
    },
  };
}

/** Resolves when the server has found its extension server. */
function available({ cache }: ApiServer): Promise<void> {
  const found = () =>
    cache
      .get(APIService, undefined, `v1.${EXTENSION}`)
      ?.status?.conditions?.some(({ status }: APIServiceCondition) => status === "True");
  return new Promise((resolve) => {
    if (found()) return resolve();
    const stop = cache.onChange(APIService, () => {
      if (!found()) return;
      stop();
      resolve();
    });
  });
}

function objectsIn({ cache }: ApiServer): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of served) {
    if (!kind.verbs.includes("list")) continue;
    for (const object of cache.list(kind)) {
      const { namespace = "", name } = object.metadata;
      found.set(`${kind.apiVersion} ${kind.plural} ${namespace} ${name}`, JSON.stringify(object));
    }
  }
  return found;
}

/** Has the attacker no right to change it? */
function isGuarded(key: string): boolean {
  const [, plural, namespace, name] = key.split(" ") as [string, string, string, string];
  // Addresses go with the services of the attacker.
  if (plural === "ipaddresses") return false;
  // Whether an extension server answers in time is not the attacker's doing alone.
  if (plural === "apiservices" && name.endsWith(EXTENSION)) return false;
  return namespace !== FUZZED && !(namespace === "" && OWN_NAMES.includes(name));
}
