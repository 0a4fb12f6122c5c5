/** What everybody may know of the cluster: where its API is, and by which authority to recognize it. Tokens sign it. */
import { ConfigMap } from "#api/core-v1/configmap";
import { Role } from "#api/rbac-v1/role";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import type { Client } from "#client/client";
import { formatYaml } from "#machinery/yaml";

const APPLY = { fieldManager: "k8ts", force: true };
const NAMESPACE = "kube-public";
const NAME = "cluster-info";
const ROLE = "k8ts:cluster-info";

export interface ClusterInfo {
  /** `https://host:port` */
  readonly server: string;
  /** PEM of the cluster's authority. */
  readonly authority: string;
}

/** Nothing is written where nothing has changed. */
export async function applyClusterInfo(client: Client, { server, authority }: ClusterInfo): Promise<void> {
  const data = Buffer.from(authority, "utf8").toString("base64");
  const kubeconfig = formatYaml({
    apiVersion: "v1",
    clusters: [{ cluster: { "certificate-authority-data": data, server }, name: "" }],
    contexts: null,
    "current-context": "",
    kind: "Config",
    preferences: {},
    users: null,
  });
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { name: ROLE, namespace: NAMESPACE };
  const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [NAME], verbs: ["get"] }];
  await Promise.all([
    client.apply(ConfigMap, { metadata: { name: NAME, namespace: NAMESPACE }, data: { kubeconfig } }, APPLY),
    client.apply(Role, { metadata, rules }, APPLY),
    client.apply(
      RoleBinding,
      {
        metadata,
        roleRef: { apiGroup, kind: "Role", name: ROLE },
        subjects: [{ apiGroup, kind: "User", name: "system:anonymous" }],
      },
      APPLY,
    ),
  ]);
}
