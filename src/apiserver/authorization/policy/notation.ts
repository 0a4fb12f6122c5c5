/** A short way to write roles. Lists are words with blanks between; `""` among groups is the core group, `core`. */
import type { Wire } from "#machinery/schema";
import type { ClusterRole } from "#api/rbac-v1/clusterrole";
import type { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import type { Role } from "#api/rbac-v1/role";
import type { RoleBinding } from "#api/rbac-v1/rolebinding";
import type { Subject } from "#api/rbac-v1/subject";
import type { Rule } from "../rules.ts";

export type Draft<T> = Wire<T> & {
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

export const READ = "get list watch";
export const WRITE = "create delete deletecollection patch update";
export const READ_WRITE = "create delete deletecollection get list patch update watch";

const words = (text: string): readonly string[] =>
  text.split(" ").map((word) => (word === "core" ? "" : word));

/** `names`: only the objects of these names. */
export const allow = (verbs: string, groups: string, resources: string, names?: string): Rule => ({
  verbs: words(verbs),
  apiGroups: words(groups),
  resources: words(resources),
  ...(names === undefined ? {} : { resourceNames: words(names) }),
});

export const allowPaths = (paths: string): Rule => ({ verbs: ["get"], nonResourceURLs: words(paths) });

export const EVENTS = allow("create patch update", "core events.k8s.io", "events");

const API_VERSION = "rbac.authorization.k8s.io/v1";
const API_GROUP = "rbac.authorization.k8s.io";

/** The label that has a role's rules added to the admin, edit or view role. */
const aggregateTo = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;

export const AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate";

function meta(name: string, namespace?: string, labels: Readonly<Record<string, string>> = {}) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { [AUTOUPDATE]: "true" },
  };
}

interface ClusterRoleOptions {
  /** Is part of this role. */
  readonly partOf?: "admin" | "edit" | "view";
  /** Consists of the roles that say so. */
  readonly aggregates?: "admin" | "edit" | "view";
}

export function clusterRole(
  name: string,
  rules: readonly Rule[],
  { partOf, aggregates }: ClusterRoleOptions = {},
): Draft<ClusterRole> {
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRole",
    metadata: meta(name, undefined, partOf === undefined ? {} : { [aggregateTo(partOf)]: "true" }),
    rules,
    ...(aggregates === undefined
      ? {}
      : {
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateTo(aggregates)]: "true" } }] },
        }),
  };
}

export const role = (namespace: string, name: string, rules: readonly Rule[]): Draft<Role> => ({
  apiVersion: API_VERSION,
  kind: "Role",
  metadata: meta(name, namespace),
  rules,
});

export const clusterRoleBinding = (
  name: string,
  subjects: readonly Subject[],
  roleName = name,
): Draft<ClusterRoleBinding> => ({
  apiVersion: API_VERSION,
  kind: "ClusterRoleBinding",
  metadata: meta(name),
  subjects,
  roleRef: { apiGroup: API_GROUP, kind: "ClusterRole", name: roleName },
});

export const roleBinding = (
  namespace: string,
  name: string,
  subjects: readonly Subject[],
  roleName = name,
): Draft<RoleBinding> => ({
  apiVersion: API_VERSION,
  kind: "RoleBinding",
  metadata: meta(name, namespace),
  subjects,
  roleRef: { apiGroup: API_GROUP, kind: "Role", name: roleName },
});

export const user = (name: string): Subject => ({ kind: "User", apiGroup: API_GROUP, name });
export const group = (name: string): Subject => ({ kind: "Group", apiGroup: API_GROUP, name });
export const account = (name: string): Subject => ({
  kind: "ServiceAccount",
  name,
  namespace: "kube-system",
});
