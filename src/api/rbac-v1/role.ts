import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { PolicyRule, ruleProblems } from "#api/rbac-v1/policyrule";
import { list, type Of, resource } from "#machinery/schema";

export const Role = resource({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  plural: "roles",
  namespaced: true,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    rules: list(2, PolicyRule).always().atomic(),
  },

  rules: {
    *validate(role) {
      yield* ruleProblems(role.rules ?? [], true);
    },
  },
});
export interface Role extends Of<typeof Role> {}
