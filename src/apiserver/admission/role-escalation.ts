/** Nobody gives away rights that they do not have, unless they may `escalate` or `bind`. */
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { Role } from "#api/rbac-v1/role";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import { notFound } from "#machinery/status";
import { ADMIN_GROUP } from "../authorization/authorizer.ts";
import { ruleText, uncoveredRules } from "../authorization/escalation.ts";
import type { RbacAuthorizer } from "../authorization/rbac.ts";
import type { Rule } from "../authorization/rules.ts";
import type { Admission, AdmissionPlugin, Authorizer, RequestInfo } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

const EVERYTHING: readonly Rule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export const roleEscalation = (authorizer: Authorizer, rbac: RbacAuthorizer): AdmissionPlugin => ({
  name: "RoleEscalation",
  handles: (admission) =>
    (admission.operation === "CREATE" || admission.operation === "UPDATE") &&
    [Role, ClusterRole, RoleBinding, ClusterRoleBinding].some((kind) =>
      isAbout(admission, kind as typeof Role),
    ) &&
    !admission.user.groups.includes(ADMIN_GROUP),
  async validate(admission) {
    const isBinding = isAbout(admission, RoleBinding) || isAbout(admission, ClusterRoleBinding);
    if (isBinding) await checkBinding(admission, authorizer, rbac);
    else await checkRole(admission, authorizer, rbac);
  },
});

async function checkRole(admission: Admission, authorizer: Authorizer, rbac: RbacAuthorizer): Promise<void> {
  const role = admission.object as ClusterRole;
  const old = admission.old as ClusterRole | undefined;
  const same = (part: "rules" | "aggregationRule") =>
    JSON.stringify(role[part]) === JSON.stringify(old?.[part]);
  if (old && same("rules") && same("aggregationRule")) return;
  const { resource, namespace, name } = admission;
  if (await may(admission, authorizer, { verb: "escalate", resource: resource.plural, namespace, name }))
    return;
  const owned = rbac.rulesOf(admission.user, namespace).rules;
  if (role.aggregationRule && !same("aggregationRule") && uncoveredRules(owned, EVERYTHING).length > 0) {
    throw refusal(admission, "must have cluster-admin privileges to use an aggregationRule");
  }
  refuseUncovered(admission, owned, role.rules ?? []);
}

async function checkBinding(
  admission: Admission,
  authorizer: Authorizer,
  rbac: RbacAuthorizer,
): Promise<void> {
  const binding = admission.object as RoleBinding;
  const old = admission.old as RoleBinding | undefined;
  const text = ({ roleRef, subjects }: RoleBinding) => JSON.stringify([roleRef, subjects]);
  if (old && text(old) === text(binding)) return;
  const { kind, name } = binding.roleRef;
  const plural = kind === "ClusterRole" ? ClusterRole.plural : Role.plural;
  const { namespace, user } = admission;
  if (await may(admission, authorizer, { verb: "bind", resource: plural, namespace, name })) return;
  const rules = rbac.index.rulesOfRole(kind, name, namespace);
  if (!rules) throw notFound({ group: Role.group, plural }, name);
  refuseUncovered(admission, rbac.rulesOf(user, namespace).rules, rules);
}

function refuseUncovered(admission: Admission, owned: readonly Rule[], wanted: readonly Rule[]): void {
  const missing = uncoveredRules(owned, wanted);
  if (missing.length === 0) return;
  const { name, groups } = admission.user;
  const who = `user ${JSON.stringify(name)} (groups=[${groups.map((group) => JSON.stringify(group)).join(" ")}])`;
  throw refusal(
    admission,
    `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).join("\n")}`,
  );
}

async function may(
  { user }: Admission,
  authorizer: Authorizer,
  about: Pick<RequestInfo, "verb" | "resource" | "namespace" | "name">,
): Promise<boolean> {
  const { verdict } = await authorizer.authorize(user, {
    isResource: true,
    path: "",
    group: Role.group,
    version: "v1",
    subresource: "",
    query: new URLSearchParams(),
    ...about,
  });
  return verdict === "allow";
}
