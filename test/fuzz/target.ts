/** What is attacked: an API server in this process that listens with TLS on the loopback interface, with rights that count. */
import { Namespace } from "#api/core-v1/namespace";
import { resources } from "#api/registry";
import { AuditLog } from "#apiserver/audit/audit-log";
import { parseAuditPolicy } from "#apiserver/audit/policy";
import { secure } from "#apiserver/security";
import { startApiServer } from "#apiserver/server";
import { connectHandlers } from "#apiserver/streaming/connect";
import { KubeletConnections } from "#apiserver/streaming/kubelet-connection";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import type { AnyObject, Resource } from "#machinery/schema";
import { openMemoryStore } from "#store/memory/memory-store";
import { Credentials } from "../../src/testing/credentials.ts";
import { KEPT_OBJECTS } from "./objects.ts";

export const FUZZED = "fuzz";
export const KEPT = "kept";
/** Names without a namespace that the attacker may change. */
export const OWN_NAMES = ["fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3"];

export interface Target {
  readonly port: number;
  readonly authority: string;
  readonly kinds: readonly Resource[];
  /** The latest lines of the audit log. */
  readonly audited: readonly string[];
  /** By key, every object that the attacker has no right to change. */
  guarded(): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Who asks, by token. */
export const USERS = new Map([
  ["attacker", { name: "attacker", groups: ["attackers", "system:authenticated"] }],
  ["node", { name: "system:node:kept", groups: ["system:nodes", "system:authenticated"] }],
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

const ownNamespace = served
  .filter(({ namespaced }) => namespaced)
  .map((kind) => ruleFor(kind, { verbs: kind.group === RBAC ? RBAC_VERBS : ["*"] }));

const everywhere = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
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
  rbac("ClusterRoleBinding", "attacker-everywhere", toAttacker("attacker-everywhere")),
  rbac("RoleBinding", "attacker-inside", toAttacker("attacker-inside"), FUZZED),
];

/** Everything is recorded, so that what records it is attacked too. */
const AUDIT_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: RequestResponse }]";
const AUDITED_MAX = 200;

export async function startTarget(seed: number): Promise<Target> {
  const clock = systemClock;
  const random = seededRandom(seed);
  const store = openMemoryStore({ clock });
  const credentials = new Credentials(clock);
  const serving = credentials.serving(["127.0.0.1"]);
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
    // Short, so that slow clients are met within a test.
    limits: { freshnessMs: 30, bodyMs: 300 },
    async rooms(inner) {
      kubelets = new KubeletConnections(inner.cache, () => ({
        ca: credentials.authority,
        cert: serving.certificate,
        key: serving.key,
      }));
      const rooms = await secure({
        clientAuthorities: [credentials.authority],
        serviceAccountKey: credentials.serviceAccountKey,
        serverUrl: () => "https://127.0.0.1",
        staticTokens: USERS,
        audit: new AuditLog(parseAuditPolicy(AUDIT_POLICY), sink, clock),
      })(inner);
      return { ...rooms, connects: connectHandlers({ cache: inner.cache, kubelets, random }) };
    },
  });
  const transport = server.transport(USERS.get("admin")!);
  const put = async (body: object) => {
    const { apiVersion, kind, metadata } = body as AnyObject;
    const resource = served.find((each) => each.apiVersion === apiVersion && each.kind === kind)!;
    await transport.call({ resource, verb: "create", namespace: metadata.namespace, body });
  };
  for (const name of [FUZZED, KEPT]) {
    // oxlint-disable-next-line no-await-in-loop -- the objects below live in them
    await put({ apiVersion: Namespace.apiVersion, kind: Namespace.kind, metadata: { name } });
    // oxlint-disable-next-line no-await-in-loop -- pods need it
    await put({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  }
  // oxlint-disable-next-line no-await-in-loop -- quotas come after what they would count
  for (const body of [...RIGHTS, ...KEPT_OBJECTS]) await put(body);
  const { port } = await server.listen({
    host: "127.0.0.1",
    port: 0,
    clientCa: credentials.authority,
    ...serving,
  });
  const snapshot = () => {
    const found = new Map<string, string>();
    for (const kind of served) {
      // Addresses go with the services of the attacker.
      if (!kind.verbs.includes("list") || kind.kind === "IPAddress") continue;
      for (const object of server.cache.list(kind)) {
        const { namespace = "", name } = object.metadata;
        if (namespace === FUZZED || (namespace === "" && OWN_NAMES.includes(name))) continue;
        found.set(`${kind.apiVersion}/${kind.plural}/${namespace}/${name}`, JSON.stringify(object));
      }
    }
    return found;
  };
  return {
    port,
    authority: credentials.authority,
    kinds: served,
    audited,
    guarded: snapshot,
    async close() {
      kubelets?.close();
      await server.close();
      await store.close();
    },
  };
}
