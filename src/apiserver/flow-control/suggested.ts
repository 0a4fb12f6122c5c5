import { type FlowSchemaShape, everything } from "#api/flowcontrol-v1/mandatory";

/** What a cluster begins with beyond the mandatory objects: its nodes and its own parts come first. Operators may differ. */

const queued = (
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): object => ({
  type: "Limited",
  limited: {
    nominalConcurrencyShares,
    limitResponse: { type: "Queue", queuing: { queues, handSize, queueLengthLimit: 50 } },
    lendablePercent,
  },
});

export const SUGGESTED_PRIORITY_LEVELS: Readonly<Record<string, object>> = {
  system: queued(30, 33, 64, 6),
  "node-high": queued(40, 25, 64, 6),
  "leader-election": queued(10, 0, 16, 4),
  "workload-high": queued(40, 50, 128, 6),
  "workload-low": queued(100, 90, 128, 6),
  "global-default": queued(20, 50, 128, 6),
};

const user = (name: string) => ({ kind: "User", user: { name } });
const group = (name: string) => ({ kind: "Group", group: { name } });
const systemAccount = (name: string) => ({
  kind: "ServiceAccount",
  serviceAccount: { namespace: "kube-system", name },
});

const NODES = group("system:nodes");
const EVERYBODY = [group("system:unauthenticated"), group("system:authenticated")];
const CONTROLLERS = user("system:kube-controller-manager");
const SCHEDULER = user("system:kube-scheduler");
const SYSTEM_ACCOUNTS = systemAccount("*");

const schema = (
  level: string,
  matchingPrecedence: number,
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  ...rules: readonly object[]
): FlowSchemaShape => ({
  priorityLevelConfiguration: { name: level },
  matchingPrecedence,
  ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
  rules,
});

const resources = (
  verbs: readonly string[],
  apiGroups: readonly string[],
  names: readonly string[],
  clusterScope = false,
): object => ({
  verbs,
  apiGroups,
  resources: names,
  ...(clusterScope ? { clusterScope } : {}),
  namespaces: ["*"],
});

const HOLDING = ["get", "create", "update"];
const LEASES = resources(HOLDING, ["coordination.k8s.io"], ["leases"]);

export const SUGGESTED_FLOW_SCHEMAS: Readonly<Record<string, FlowSchemaShape>> = {
  "system-nodes": schema("system", 500, "ByUser", everything(NODES)),
  "system-node-high": schema("node-high", 400, "ByUser", {
    subjects: [NODES],
    resourceRules: [
      resources(["*"], [""], ["nodes", "nodes/status"], true),
      resources(["*"], ["coordination.k8s.io"], ["leases"]),
    ],
  }),
  probes: schema("exempt", 2, undefined, {
    subjects: EVERYBODY,
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
  }),
  "system-leader-election": schema("leader-election", 100, "ByUser", {
    subjects: [CONTROLLERS, SCHEDULER, SYSTEM_ACCOUNTS],
    resourceRules: [LEASES],
  }),
  // Endpoints may serve to elect, and this controller writes many of them for what they are.
  "endpoint-controller": schema("workload-high", 150, "ByUser", {
    subjects: [
      CONTROLLERS,
      systemAccount("endpoint-controller"),
      systemAccount("endpointslicemirroring-controller"),
    ],
    resourceRules: [resources(HOLDING, [""], ["endpoints"])],
  }),
  "workload-leader-election": schema("leader-election", 200, "ByUser", {
    subjects: [SYSTEM_ACCOUNTS],
    resourceRules: [resources(HOLDING, [""], ["endpoints", "configmaps"]), LEASES],
  }),
  "kube-controller-manager": schema("workload-high", 800, "ByNamespace", everything(CONTROLLERS)),
  "kube-scheduler": schema("workload-high", 800, "ByNamespace", everything(SCHEDULER)),
  "kube-system-service-accounts": schema("workload-high", 900, "ByNamespace", everything(SYSTEM_ACCOUNTS)),
  "service-accounts": schema("workload-low", 9_000, "ByUser", everything(group("system:serviceaccounts"))),
  "global-default": schema("global-default", 9_900, "ByUser", everything(...EVERYBODY)),
};
