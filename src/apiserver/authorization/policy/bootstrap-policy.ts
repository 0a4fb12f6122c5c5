/** All roles and bindings that every cluster starts with. */
import type { ClusterRole } from "#api/rbac-v1/clusterrole";
import type { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import type { Role } from "#api/rbac-v1/role";
import type { RoleBinding } from "#api/rbac-v1/rolebinding";
import { clusterRoles } from "./cluster-roles.ts";
import { controllerRules } from "./controller-roles.ts";
import {
  EVENTS,
  READ,
  type Draft,
  account,
  allow,
  clusterRole,
  clusterRoleBinding,
  group,
  role,
  roleBinding,
  user,
} from "./notation.ts";

export interface Policy {
  readonly clusterRoles: readonly Draft<ClusterRole>[];
  readonly clusterRoleBindings: readonly Draft<ClusterRoleBinding>[];
  readonly roles: readonly Draft<Role>[];
  readonly roleBindings: readonly Draft<RoleBinding>[];
}

const CONTROLLER_MANAGER = user("system:kube-controller-manager");
const SCHEDULER = user("system:kube-scheduler");
const EVERYBODY = [group("system:authenticated"), group("system:unauthenticated")];
const AUTHENTICATED = [group("system:authenticated")];

const controllerRole = (name: string): string => `system:controller:${name}`;

const clusterBindings: readonly Draft<ClusterRoleBinding>[] = [
  clusterRoleBinding("cluster-admin", [group("system:masters")]),
  clusterRoleBinding("system:monitoring", [group("system:monitoring")]),
  clusterRoleBinding("system:discovery", AUTHENTICATED),
  clusterRoleBinding("system:basic-user", AUTHENTICATED),
  clusterRoleBinding("system:public-info-viewer", EVERYBODY),
  clusterRoleBinding("system:node-proxier", [user("system:kube-proxy")]),
  clusterRoleBinding("system:kube-controller-manager", [CONTROLLER_MANAGER]),
  clusterRoleBinding("system:kube-dns", [account("kube-dns")]),
  clusterRoleBinding("system:kube-scheduler", [SCHEDULER]),
  clusterRoleBinding("system:volume-scheduler", [SCHEDULER]),
  clusterRoleBinding("system:service-account-issuer-discovery", [group("system:serviceaccounts")]),
  // Nodes have their rights from the node authorizer; the binding is there for those who look for it.
  clusterRoleBinding("system:node", []),
];

const LEADER_LOCK = [
  allow("create get list update watch", "coordination.k8s.io", "leases"),
  allow("create get list update watch", "coordination.k8s.io", "leasecandidates"),
];

const AUTHENTICATION_READER = "extension-apiserver-authentication-reader";
const SYSTEM = "kube-system";
const PUBLIC = "kube-public";
const lockRole = (component: string): string => `system::leader-locking-${component}`;

const roles: readonly Draft<Role>[] = [
  role(SYSTEM, AUTHENTICATION_READER, [
    allow(READ, "core", "configmaps", "extension-apiserver-authentication"),
  ]),
  role(SYSTEM, lockRole("kube-controller-manager"), LEADER_LOCK),
  role(SYSTEM, lockRole("kube-scheduler"), LEADER_LOCK),
  role(SYSTEM, controllerRole("bootstrap-signer"), [allow(READ, "core", "secrets")]),
  role(SYSTEM, controllerRole("cloud-provider"), [allow("create get list watch", "core", "configmaps")]),
  role(SYSTEM, controllerRole("token-cleaner"), [allow("delete get list watch", "core", "secrets"), EVENTS]),
  role(PUBLIC, controllerRole("bootstrap-signer"), [
    allow(READ, "core", "configmaps"),
    allow("update", "core", "configmaps", "cluster-info"),
    EVENTS,
  ]),
];

const controllerBinding = (namespace: string, name: string): Draft<RoleBinding> =>
  roleBinding(namespace, controllerRole(name), [account(name)]);

const roleBindings: readonly Draft<RoleBinding>[] = [
  roleBinding(
    SYSTEM,
    "system::extension-apiserver-authentication-reader",
    [CONTROLLER_MANAGER, SCHEDULER],
    AUTHENTICATION_READER,
  ),
  roleBinding(SYSTEM, lockRole("kube-controller-manager"), [
    CONTROLLER_MANAGER,
    account("kube-controller-manager"),
    account("leader-election-controller"),
  ]),
  roleBinding(SYSTEM, lockRole("kube-scheduler"), [SCHEDULER, account("kube-scheduler")]),
  controllerBinding(SYSTEM, "bootstrap-signer"),
  controllerBinding(SYSTEM, "cloud-provider"),
  controllerBinding(SYSTEM, "token-cleaner"),
  controllerBinding(PUBLIC, "bootstrap-signer"),
];

export const bootstrapPolicy: Policy = {
  clusterRoles: [
    ...clusterRoles,
    ...Object.entries(controllerRules).map(([name, rules]) => clusterRole(controllerRole(name), rules)),
  ],
  clusterRoleBindings: [
    ...clusterBindings,
    ...Object.keys(controllerRules).map((name) => clusterRoleBinding(controllerRole(name), [account(name)])),
  ],
  roles,
  roleBindings,
};
