/** The ClusterRoles that every cluster starts with, but for those of the controllers. */
import type { ClusterRole } from "#api/rbac-v1/clusterrole";
import { EVENTS, READ, READ_WRITE, WRITE, type Draft, allow, allowPaths, clusterRole } from "./notation.ts";

const APPS_SCALED = "deployments/scale replicasets/scale statefulsets/scale";
const REVIEWS = [
  allow("create", "authentication.k8s.io", "tokenreviews"),
  allow("create", "authorization.k8s.io", "subjectaccessreviews"),
];

const viewRules = [
  allow(
    READ,
    "core",
    "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
  ),
  allow(
    READ,
    "core",
    "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
  ),
  allow(READ, "core", "namespaces"),
  allow(READ, "discovery.k8s.io", "endpointslices"),
  allow(
    READ,
    "apps",
    `controllerrevisions daemonsets daemonsets/status deployments deployments/status replicasets replicasets/status statefulsets statefulsets/status ${APPS_SCALED}`,
  ),
  allow(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
  allow(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
  allow(
    READ,
    "extensions",
    "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
  ),
  allow(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
  allow(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
  allow(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
];

const editRules = [
  allow(READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
  allow("impersonate", "core", "serviceaccounts"),
  allow(WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
  allow("create", "core", "pods/eviction"),
  allow(
    WRITE,
    "core",
    "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
  ),
  allow("create", "core", "serviceaccounts/token"),
  allow(WRITE, "apps", `daemonsets deployments deployments/rollback replicasets statefulsets ${APPS_SCALED}`),
  allow(WRITE, "autoscaling", "horizontalpodautoscalers"),
  allow(WRITE, "batch", "cronjobs jobs"),
  allow(
    WRITE,
    "extensions",
    "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
  ),
  allow(WRITE, "policy", "poddisruptionbudgets"),
  allow(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
  allow(READ_WRITE, "coordination.k8s.io", "leases"),
  allow(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
];

const adminRules = [
  allow("create", "authorization.k8s.io", "localsubjectaccessreviews"),
  allow(READ_WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
];

/** What a component needs to be the one leader. */
const leaderElection = (lease: string) => [
  EVENTS,
  allow("create", "coordination.k8s.io", "leases"),
  allow("get update", "coordination.k8s.io", "leases", lease),
];

const controllerManagerRules = [
  ...leaderElection("kube-controller-manager"),
  allow("create", "core", "secrets serviceaccounts"),
  allow("delete", "core", "secrets"),
  allow("get", "core", "configmaps namespaces secrets serviceaccounts"),
  allow("update", "core", "secrets serviceaccounts"),
  ...REVIEWS,
  allow("list watch", "*", "*"),
  allow("create", "core", "serviceaccounts/token"),
];

const schedulerRules = [
  ...leaderElection("kube-scheduler"),
  allow(READ, "core", "nodes"),
  allow("delete get list watch", "core", "pods"),
  allow("create", "core", "bindings pods/binding"),
  allow("patch update", "core", "pods/status"),
  allow(READ, "core", "replicationcontrollers services"),
  allow(READ, "apps extensions", "replicasets"),
  allow(READ, "apps", "statefulsets"),
  allow(READ, "policy", "poddisruptionbudgets"),
  allow(READ, "core", "persistentvolumeclaims persistentvolumes"),
  ...REVIEWS,
  allow(READ, "storage.k8s.io", "csinodes"),
  allow(READ, "core", "namespaces"),
  allow(READ, "storage.k8s.io", "csidrivers"),
  allow(READ, "storage.k8s.io", "csistoragecapacities"),
  allow(READ, "storage.k8s.io", "volumeattachments"),
  allow(READ, "resource.k8s.io", "deviceclasses resourceclaims resourceslices"),
  allow("patch update", "resource.k8s.io", "resourceclaims/status"),
  allow("update", "core", "pods/finalizers"),
];

/** What every node may do; which objects it may do it to is the node authorizer's to say. */
export const nodeRules = [
  allow("create", "authentication.k8s.io", "tokenreviews"),
  allow("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
  allow(READ, "core", "services"),
  allow(`create ${READ}`, "core", "nodes"),
  allow("patch update", "core", "nodes/status"),
  allow("patch update", "core", "nodes"),
  allow("create patch update", "core", "events"),
  allow(READ, "core", "pods"),
  allow("create delete", "core", "pods"),
  allow("patch update", "core", "pods/status"),
  allow("create", "core", "pods/eviction"),
  allow(READ, "core", "configmaps secrets"),
  allow("get", "core", "persistentvolumeclaims persistentvolumes"),
  allow("get", "core", "endpoints"),
  allow("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
  allow("create delete get patch update", "coordination.k8s.io", "leases"),
  allow("get", "storage.k8s.io", "volumeattachments"),
  allow("create", "core", "serviceaccounts/token"),
  allow("get", "core", "serviceaccounts"),
  allow("get patch update", "core", "persistentvolumeclaims/status"),
  allow(READ, "storage.k8s.io", "csidrivers"),
  allow("create delete get patch update", "storage.k8s.io", "csinodes"),
  allow(READ, "node.k8s.io", "runtimeclasses"),
  allow("get", "resource.k8s.io", "resourceclaims"),
  allow("deletecollection", "resource.k8s.io", "resourceslices"),
  allow("create delete get list patch update watch", "resource.k8s.io", "resourceslices"),
];

const provisionerRules = [
  allow("create delete get list watch", "core", "persistentvolumes"),
  allow("get list update watch", "core", "persistentvolumeclaims"),
  allow(READ, "storage.k8s.io", "storageclasses"),
  allow("watch", "core", "events"),
  EVENTS,
];

const signerApprover = (name: string, signer: string): Draft<ClusterRole> =>
  clusterRole(`system:certificates.k8s.io:${name}-approver`, [
    allow("approve", "certificates.k8s.io", "signers", `kubernetes.io/${signer}`),
  ]);

const signingRequests = (kind: string): Draft<ClusterRole> =>
  clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${kind}`, [
    allow("create", "certificates.k8s.io", `certificatesigningrequests/${kind}`),
  ]);

const HEALTH_PATHS = "/healthz /livez /readyz /version /version/";

/** The aggregated roles stand without rules; they get them from the others. */
export const clusterRoles: readonly Draft<ClusterRole>[] = [
  clusterRole("cluster-admin", [allow("*", "*", "*"), { verbs: ["*"], nonResourceURLs: ["*"] }]),
  clusterRole("system:aggregate-to-view", viewRules, { partOf: "view" }),
  clusterRole("system:aggregate-to-edit", editRules, { partOf: "edit" }),
  clusterRole("system:aggregate-to-admin", adminRules, { partOf: "admin" }),
  clusterRole("view", [], { aggregates: "view", partOf: "edit" }),
  clusterRole("edit", [], { aggregates: "edit", partOf: "admin" }),
  clusterRole("admin", [], { aggregates: "admin" }),
  clusterRole("system:auth-delegator", REVIEWS),
  clusterRole("system:basic-user", [
    allow("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
    allow("create", "authentication.k8s.io", "selfsubjectreviews"),
  ]),
  clusterRole("system:discovery", [
    allowPaths(`/api /api/* /apis /apis/* /openapi /openapi/* ${HEALTH_PATHS}`),
  ]),
  clusterRole("system:public-info-viewer", [allowPaths(HEALTH_PATHS)]),
  clusterRole("system:monitoring", [
    allowPaths("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    allowPaths(
      "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
    ),
  ]),
  clusterRole("system:kube-controller-manager", controllerManagerRules),
  clusterRole("system:kube-scheduler", schedulerRules),
  clusterRole("system:volume-scheduler", [
    allow("get list patch update watch", "core", "persistentvolumes"),
    allow(READ, "storage.k8s.io", "storageclasses"),
    allow("get list patch update watch", "core", "persistentvolumeclaims"),
  ]),
  clusterRole("system:node", nodeRules),
  clusterRole("system:node-bootstrapper", [
    allow("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
  ]),
  clusterRole("system:node-problem-detector", [
    allow("get", "core", "nodes"),
    allow("patch", "core", "nodes/status"),
    EVENTS,
  ]),
  clusterRole("system:node-proxier", [
    allow("list watch", "core", "endpoints services"),
    allow(READ, "core", "nodes"),
    EVENTS,
    allow("list watch", "discovery.k8s.io", "endpointslices"),
    allow("list watch", "networking.k8s.io", "servicecidrs"),
  ]),
  clusterRole("system:kubelet-api-admin", [
    allow(READ, "core", "nodes"),
    allow("proxy", "core", "nodes"),
    allow(
      "*",
      "core",
      "nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats",
    ),
  ]),
  clusterRole("system:kube-dns", [allow("list watch", "core", "endpoints services")]),
  clusterRole("system:kube-aggregator", [allow(READ, "core", "endpoints services")]),
  clusterRole("system:heapster", [
    allow(READ, "core", "events namespaces nodes pods"),
    allow(READ, "extensions", "deployments"),
  ]),
  clusterRole("system:persistent-volume-provisioner", provisionerRules),
  signingRequests("nodeclient"),
  signingRequests("selfnodeclient"),
  signerApprover("kube-apiserver-client", "kube-apiserver-client"),
  signerApprover("kube-apiserver-client-kubelet", "kube-apiserver-client-kubelet"),
  signerApprover("kubelet-serving", "kubelet-serving"),
  signerApprover("legacy-unknown", "legacy-unknown"),
];
