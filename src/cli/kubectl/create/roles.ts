import { type Arguments, type Options, UsageError } from "../../verb.ts";
import { generator } from "./generator.ts";

const RBAC = "rbac.authorization.k8s.io";

const listed = (args: Arguments, option: string): readonly string[] =>
  args.list(option).flatMap((text) => text.split(","));

const RULE_OPTIONS = {
  verb: { type: "string", multiple: true, value: "VERB", help: "what may be done: get,list,watch" },
  resource: {
    type: "string",
    multiple: true,
    value: "PLURAL[.GROUP][/SUB]",
    help: "with what: pods,deployments.apps,pods/log",
  },
  "resource-name": {
    type: "string",
    multiple: true,
    value: "NAME",
    help: "only with objects of these names",
  },
} as const satisfies Options;

/** One rule for each group of resources. */
function rulesOf(args: Arguments) {
  const verbs = listed(args, "verb");
  const resources = listed(args, "resource");
  const resourceNames = listed(args, "resource-name");
  if (verbs.length === 0) throw new UsageError("at least one verb must be specified");
  const groups = new Map<string, string[]>();
  for (const resource of resources) {
    const [whole = "", sub] = resource.split("/");
    const dot = whole.indexOf(".");
    const group = dot < 0 ? "" : whole.slice(dot + 1);
    const plural = dot < 0 ? whole : whole.slice(0, dot);
    groups.set(group, [...(groups.get(group) ?? []), sub === undefined ? plural : `${plural}/${sub}`]);
  }
  return [...groups].map(([group, plurals]) => ({
    apiGroups: [group],
    resources: plurals,
    verbs,
    ...(resourceNames.length > 0 ? { resourceNames } : {}),
  }));
}

function needed<T>(rules: readonly T[]): readonly T[] {
  if (rules.length === 0) throw new UsageError("at least one resource must be specified");
  return rules;
}

export const role = generator({
  usage: "role NAME --verb=VERB --resource=PLURAL[.GROUP] [--resource-name=NAME]",
  summary: "Makes a role. Resources outside of the core group are written with their group.",
  options: RULE_OPTIONS,
  make: (_name, args) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "Role",
    metadata: {},
    rules: needed(rulesOf(args)),
  }),
});

export const clusterRole = generator({
  usage: "clusterrole NAME --verb=VERB (--resource=PLURAL[.GROUP] | --non-resource-url=PATH)",
  summary: "Makes a role that counts in all namespaces.",
  options: {
    ...RULE_OPTIONS,
    "non-resource-url": {
      type: "string",
      multiple: true,
      value: "PATH",
      help: "paths that are no objects: /metrics",
    },
  },
  make(_name, args) {
    const nonResourceURLs = listed(args, "non-resource-url");
    const paths = nonResourceURLs.length > 0 ? [{ nonResourceURLs, verbs: listed(args, "verb") }] : [];
    return {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: {},
      rules: needed([...rulesOf(args), ...paths]),
    };
  },
});

const SUBJECT_OPTIONS = {
  clusterrole: { type: "string", value: "NAME", help: "the cluster role" },
  user: { type: "string", multiple: true, value: "NAME", help: "for this user" },
  group: { type: "string", multiple: true, value: "NAME", help: "for this group" },
  serviceaccount: {
    type: "string",
    multiple: true,
    value: "NAMESPACE:NAME",
    help: "for this service account",
  },
} as const satisfies Options;

function subjectsOf(args: Arguments) {
  const named = (kind: string) => (name: string) => ({ apiGroup: RBAC, kind, name });
  const accounts = listed(args, "serviceaccount").map((text) => {
    const [namespace, name, ...more] = text.split(":");
    if (!namespace || !name || more.length > 0)
      throw new UsageError("serviceaccount must be <namespace>:<name>");
    return { kind: "ServiceAccount", name, namespace };
  });
  const subjects = [
    ...listed(args, "user").map(named("User")),
    ...listed(args, "group").map(named("Group")),
    ...accounts,
  ];
  return subjects.length > 0 ? { subjects } : {};
}

function roleRef(args: Arguments) {
  const [clusterRoleName, roleName] = [args.text("clusterrole"), args.text("role")];
  if ((clusterRoleName === undefined) === (roleName === undefined))
    throw new UsageError("exactly one of clusterrole or role must be specified");
  return clusterRoleName === undefined
    ? { apiGroup: RBAC, kind: "Role", name: roleName }
    : { apiGroup: RBAC, kind: "ClusterRole", name: clusterRoleName };
}

export const roleBinding = generator({
  usage:
    "rolebinding NAME --role=NAME|--clusterrole=NAME [--user=NAME] [--group=NAME] [--serviceaccount=NAMESPACE:NAME]",
  summary: "Gives a role to users, groups and service accounts.",
  options: { ...SUBJECT_OPTIONS, role: { type: "string", value: "NAME", help: "the role" } },
  make: (_name, args) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: {},
    roleRef: roleRef(args),
    ...subjectsOf(args),
  }),
});

export const clusterRoleBinding = generator({
  usage:
    "clusterrolebinding NAME --clusterrole=NAME [--user=NAME] [--group=NAME] [--serviceaccount=NAMESPACE:NAME]",
  summary: "Gives a cluster role to users, groups and service accounts, in all namespaces.",
  options: SUBJECT_OPTIONS,
  make: (_name, args) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: {},
    roleRef: roleRef(args),
    ...subjectsOf(args),
  }),
});
