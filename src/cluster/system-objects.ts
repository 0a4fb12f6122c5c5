/** Objects that a cluster of ours has beside those that every cluster has. */
import { Service } from "#api/core-v1/service";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import type { Client } from "#client/client";
import { NODE_NETWORK_USER } from "./certificates/profiles.ts";

const MANAGER = "k8ts";
const NODE_NETWORK_ROLE = "system:k8ts:node-network";
const LABELS = { "app.kubernetes.io/managed-by": "k8ts" };

export interface SystemObjectsOptions {
  /** Address of the cluster's DNS. */
  readonly dnsAddress: string;
}

/** Applies them; nothing is written where nothing has changed. */
export async function applySystemObjects(
  client: Client,
  { dnsAddress }: SystemObjectsOptions,
): Promise<void> {
  const options = { fieldManager: MANAGER, force: true };
  const rules = [
    {
      apiGroups: [""],
      resources: ["services", "endpoints", "pods", "namespaces", "nodes"],
      verbs: ["get", "list", "watch"],
    },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
    {
      apiGroups: ["networking.k8s.io"],
      resources: ["networkpolicies", "servicecidrs", "ipaddresses"],
      verbs: ["get", "list", "watch"],
    },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
  ];
  await Promise.all([
    client.apply(ClusterRole, { metadata: { name: NODE_NETWORK_ROLE, labels: LABELS }, rules }, options),
    client.apply(
      ClusterRoleBinding,
      {
        metadata: { name: NODE_NETWORK_ROLE, labels: LABELS },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NODE_NETWORK_ROLE },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: NODE_NETWORK_USER }],
      },
      options,
    ),
    client.apply(Service, dnsService(dnsAddress), options),
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
