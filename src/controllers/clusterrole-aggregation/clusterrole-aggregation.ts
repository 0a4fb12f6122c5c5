/** Keeps aggregated ClusterRoles equal to the roles that their selectors choose. */
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { compileSelector } from "#machinery/label-selector";
import { controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";

type Rule = NonNullable<ClusterRole["rules"]>[number];

export const clusterRoleAggregation = controller({
  name: "clusterrole-aggregation",
  watches: ClusterRole,
  // Any role may be part of any aggregated one.
  wakes: [
    wake(ClusterRole, function* (_role, { cache }) {
      for (const { metadata, aggregationRule } of cache(ClusterRole).list())
        if (aggregationRule) yield metadata.name;
    }),
  ],
  writes: [{ kind: ClusterRole, verbs: ["update", "patch"] }],
  // It hands on rights that it does not have itself.
  rights: [{ apiGroups: [ClusterRole.group], resources: [ClusterRole.plural], verbs: ["escalate"] }],

  async reconcile(role, { cache, write }) {
    if (!role.aggregationRule) return;
    const rules = aggregate(role, cache(ClusterRole).list());
    if (!sameJson(role.rules ?? [], rules)) await write.update(ClusterRole, { ...role, rules });
  },
});

/** The rules of the chosen roles, in the order of their names, none twice. */
export function aggregate(role: ClusterRole, all: Iterable<ClusterRole>): readonly Rule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) =>
    compileSelector(selector),
  );
  const others = [...all]
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules = new Map<string, Rule>();
  for (const selects of selectors) {
    for (const { metadata, rules: theirs } of others) {
      if (!selects(metadata.labels)) continue;
      for (const rule of theirs ?? []) {
        const key = JSON.stringify(rule);
        if (!rules.has(key)) rules.set(key, rule);
      }
    }
  }
  return [...rules.values()];
}
