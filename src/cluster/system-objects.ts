/** Objects that a cluster of ours has beside those that every cluster has. */
import { Service } from "#api/core-v1/service";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import type { Client } from "#client/client";
import type { Controller } from "#reconciler/controller";
import type { PolicyRule } from "#reconciler/roles";
import { NODE_NETWORK_USER } from "./certificates/profiles.ts";

const APPLY = { fieldManager: "k8ts", force: true };
const LABELS = { "app.kubernetes.io/managed-by": "k8ts" };

const READ = ["get", "list", "watch"];
const NODE_NETWORK_RULES: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["services", "endpoints", "pods", "namespaces", "nodes"], verbs: READ },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  {
    apiGroups: ["networking.k8s.io"],
    resources: ["networkpolicies", "servicecidrs", "ipaddresses"],
    verbs: READ,
  },
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
];

/** Fills the caches that all controllers share. What a controller writes, it writes as itself. */
export const CONTROLLERS_USER = "system:k8ts:controllers";
const READ_EVERYTHING: readonly PolicyRule[] = [{ apiGroups: ["*"], resources: ["*"], verbs: READ }];

/** Who a controller is to the API server. */
export const controllerUser = (name: string): string => `system:k8ts:controller:${name}`;

export interface SystemObjectsOptions {
  /** Address of the cluster's DNS. */
  readonly dnsAddress: string;
  /** Each gets the rights that it declares. */
  readonly controllers: readonly Controller[];
}

/** Applies them; nothing is written where nothing has changed. */
export async function applySystemObjects(
  client: Client,
  { dnsAddress, controllers }: SystemObjectsOptions,
): Promise<void> {
  await Promise.all([
    grant(client, NODE_NETWORK_USER, NODE_NETWORK_RULES),
    grant(client, CONTROLLERS_USER, READ_EVERYTHING),
    ...controllers.map(({ name, rules }) => grant(client, controllerUser(name), rules)),
    client.apply(Service, dnsService(dnsAddress), APPLY),
  ]);
}

/** A role of the user's own name, and the binding of the two. */
async function grant(client: Client, user: string, rules: readonly PolicyRule[]): Promise<void> {
  const metadata = { name: user, labels: LABELS };
  const apiGroup = "rbac.authorization.k8s.io";
  await Promise.all([
    client.apply(ClusterRole, { metadata, rules }, APPLY),
    client.apply(
      ClusterRoleBinding,
      {
        metadata,
        roleRef: { apiGroup, kind: "ClusterRole", name: user },
        subjects: [{ apiGroup, kind: "User", name: user }],
      },
      APPLY,
    ),
  ]);
}

/** Without a selector: every node serves this address itself. */
const dnsService = (clusterIP: string) => ({
  metadata: {
    name: "kube-dns",
    namespace: "kube-system",
    labels: {
      ...LABELS,
      "k8s-app": "kube-dns",
      "kubernetes.io/cluster-service": "true",
      "kubernetes.io/name": "KubeDNS",
    },
  },
  spec: {
    clusterIP,
    ports: [
      { name: "dns", port: 53, protocol: "UDP" as const },
      { name: "dns-tcp", port: 53, protocol: "TCP" as const },
    ],
  },
});
