import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { PolicyRule, ruleProblems } from "#api/rbac-v1/policyrule";
import { list, type Of, resource } from "#machinery/schema";

export const Role = resource({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  doc: "What may be done in one namespace.",
  plural: "roles",
  namespaced: true,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    rules: list(2, PolicyRule).always().atomic().doc("What the role allows."),
  },

  rules: {
    *validate(role) {
      yield* ruleProblems(role.rules ?? [], true);
    },
  },
});
export interface Role extends Of<typeof Role> {}
