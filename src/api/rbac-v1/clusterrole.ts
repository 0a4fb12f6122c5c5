import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { PolicyRule, ruleProblems } from "#api/rbac-v1/policyrule";
import { list, type Of, ref, required, resource, struct } from "#machinery/schema";

export const AggregationRule = struct("rbac.v1.AggregationRule", {
  clusterRoleSelectors: list(1, LabelSelector).atomic().doc("Roles whose rules are taken over, by label."),
});
export interface AggregationRule extends Of<typeof AggregationRule> {}

export const ClusterRole = resource({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  doc: "What may be done in the whole cluster, or in a namespace that binds it.",
  plural: "clusterroles",
  namespaced: false,
  nameFormat: "path-segment",
  metadata: ObjectMeta,
  createOnUpdate: true,
  fields: {
    rules: list(2, PolicyRule).always().atomic().doc("What the role allows."),
    aggregationRule: ref(3, AggregationRule).doc("Other roles whose rules make up this one."),
  },

  rules: {
    *validate(role) {
      yield* ruleProblems(role.rules ?? [], false);
      const selectors = role.aggregationRule?.clusterRoleSelectors;
      if (role.aggregationRule && (selectors ?? []).length === 0)
        yield required(
          "aggregationRule.clusterRoleSelectors",
          "at least one clusterRoleSelector required if aggregationRule is non-nil",
        );
    },
  },
});
export interface ClusterRole extends Of<typeof ClusterRole> {}
