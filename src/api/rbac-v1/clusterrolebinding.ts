import { ageColumn, nameColumn, text, wide } from "#api/columns";
import { unchanged } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  type BindingParts,
  RoleRef,
  roleRefProblems,
  Subject,
  subjectDefaults,
  subjectNames,
} from "#api/rbac-v1/subject";
import { list, type Of, resource, value } from "#machinery/schema";

export const ClusterRoleBinding = resource({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  doc: "Gives a ClusterRole to people, groups and service accounts everywhere.",
  plural: "clusterrolebindings",
  namespaced: false,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    subjects: list(2, Subject).atomic().doc("Who gets the role."),
    roleRef: value(3, RoleRef).required().doc("The role; never changes."),
  },

  columns: [
    nameColumn,
    text("Role", ({ roleRef }: BindingParts) => `${roleRef.kind}/${roleRef.name}`),
    ageColumn,
    wide("Users", subjectNames("User")),
    wide("Groups", subjectNames("Group")),
    wide("ServiceAccounts", subjectNames("ServiceAccount")),
  ],
  rules: {
    defaults: (binding) =>
      binding.subjects ? { ...binding, subjects: subjectDefaults(binding.subjects) } : binding,
    validate: ({ roleRef }) => roleRefProblems(roleRef, ["ClusterRole"]),
    validateUpdate: (binding, old) =>
      unchanged("roleRef", binding.roleRef, old.roleRef, "cannot change roleRef"),
  },
});
export interface ClusterRoleBinding extends Of<typeof ClusterRoleBinding> {}
