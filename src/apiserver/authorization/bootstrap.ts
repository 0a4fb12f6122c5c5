/** Brings the roles and bindings that every cluster needs: makes what is missing, extends what has less. */
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { Role } from "#api/rbac-v1/role";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import type { Subject } from "#api/rbac-v1/subject";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import type { Loopback, ReadCache } from "../contracts.ts";
import { aggregatedRules } from "./aggregation.ts";
import { uncoveredRules } from "./escalation.ts";
import { type Policy, bootstrapPolicy } from "./policy/bootstrap-policy.ts";
import { AUTOUPDATE, type Draft } from "./policy/notation.ts";
import type { Rule } from "./rules.ts";

/** What has to be written for one object; `undefined`: nothing. */
export type PolicyChange =
  | { readonly verb: "create"; readonly resource: Resource; readonly body: AnyDraft }
  | { readonly verb: "update"; readonly resource: Resource; readonly body: AnyDraft }
  /** A binding's role cannot be changed, so the binding is made anew. */
  | { readonly verb: "replace"; readonly resource: Resource; readonly body: AnyDraft };

interface AnyDraft {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly Rule[];
  readonly subjects?: readonly Subject[];
  readonly roleRef?: { readonly kind?: string; readonly name?: string };
}

/** All at once: the store's group commit makes them durable together. */
export async function bootstrapRoles(
  cache: ReadCache,
  loopback: Loopback,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await Promise.all(planPolicy(cache).map((change) => write(loopback, change, signal)));
}

/** What differs between the policy and the cluster. Objects that say `autoupdate: "false"` are left alone. */
export function planPolicy(cache: ReadCache, policy: Policy = bootstrapPolicy): PolicyChange[] {
  const clusterRoles = withAggregation(policy.clusterRoles);
  return [
    ...planKind(cache, ClusterRole, clusterRoles, extendRole),
    ...planKind(cache, ClusterRoleBinding, policy.clusterRoleBindings, extendBinding),
    ...planKind(cache, Role, policy.roles, extendRole),
    ...planKind(cache, RoleBinding, policy.roleBindings, extendBinding),
  ];
}

type Extend = (present: AnyDraft, wanted: AnyDraft) => AnyDraft | "replace";

function planKind<T extends AnyObject>(
  cache: ReadCache,
  resource: Resource<T>,
  drafts: readonly unknown[],
  extend: Extend,
): PolicyChange[] {
  const any = resource as unknown as Resource;
  return (drafts as readonly AnyDraft[]).flatMap((wanted): PolicyChange[] => {
    const { name, namespace } = wanted.metadata;
    const present = cache.get(resource, namespace, name) as AnyDraft | undefined;
    if (!present) return [{ verb: "create", resource: any, body: wanted }];
    if (present.metadata.annotations?.[AUTOUPDATE] === "false") return [];
    const extended = extend(withMarks(present, wanted), wanted);
    if (extended === "replace") return [{ verb: "replace", resource: any, body: wanted }];
    return JSON.stringify(extended) === JSON.stringify(present)
      ? []
      : [{ verb: "update", resource: any, body: extended }];
  });
}

/** Labels and annotations of the policy win; others stay. */
function withMarks(present: AnyDraft, wanted: AnyDraft): AnyDraft {
  const labels = { ...present.metadata.labels, ...wanted.metadata.labels };
  const annotations = { ...present.metadata.annotations, ...wanted.metadata.annotations };
  return { ...present, metadata: { ...present.metadata, labels, annotations } };
}

function extendRole(present: AnyDraft, wanted: AnyDraft): AnyDraft {
  if (JSON.stringify(present.rules) === JSON.stringify(wanted.rules)) return present;
  const missing = uncoveredRules(present.rules ?? [], wanted.rules ?? []);
  return missing.length === 0 ? present : { ...present, rules: [...(present.rules ?? []), ...missing] };
}

function extendBinding(present: AnyDraft, wanted: AnyDraft): AnyDraft | "replace" {
  if (present.roleRef?.kind !== wanted.roleRef?.kind || present.roleRef?.name !== wanted.roleRef?.name) {
    return "replace";
  }
  const known = new Set((present.subjects ?? []).map(subjectText));
  const missing = (wanted.subjects ?? []).filter((subject) => !known.has(subjectText(subject)));
  return missing.length === 0 ? present : { ...present, subjects: [...(present.subjects ?? []), ...missing] };
}

const subjectText = ({ kind, namespace = "", name }: Subject): string => `${kind}/${namespace}/${name}`;

/** The aggregated roles start complete, so that nobody has to wait for the controller that keeps them so. */
function withAggregation(drafts: readonly Draft<ClusterRole>[]): readonly Draft<ClusterRole>[] {
  let roles = drafts as readonly ClusterRole[];
  // `edit` is part of `admin`, and `view` of `edit`: each round brings rules one step further.
  for (const name of ["view", "edit", "admin"]) {
    roles = roles.map((role) =>
      role.metadata.name === name ? { ...role, rules: aggregatedRules(role, roles) } : role,
    );
  }
  return roles;
}

async function write(loopback: Loopback, change: PolicyChange, signal?: AbortSignal): Promise<void> {
  const { resource, body } = change;
  const { name, namespace } = body.metadata;
  const target = { resource, ...(namespace === undefined ? {} : { namespace }) };
  const options = signal ? { signal } : {};
  if (change.verb === "update") {
    await loopback.call({ ...target, name, verb: "update", body }, options);
    return;
  }
  if (change.verb === "replace") await loopback.call({ ...target, name, verb: "delete" }, options);
  try {
    await loopback.call({ ...target, verb: "create", body }, options);
  } catch (error) {
    // Another API server of the cluster was faster.
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}
