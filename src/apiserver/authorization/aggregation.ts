import type { ClusterRole } from "#api/rbac-v1/clusterrole";
import { compileSelector } from "#machinery/label-selector";
import type { Rule } from "./rules.ts";

/**
 * The rules of an aggregated ClusterRole: those of all ClusterRoles that its selectors choose, in the order of
 * their names, none twice.
 */
export function aggregatedRules(role: ClusterRole, all: Iterable<ClusterRole>): readonly Rule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(compileSelector);
  const others = [...all].filter(({ metadata }) => metadata.name !== role.metadata.name);
  const rules = new Map<string, Rule>();
  for (const selects of selectors) {
    const chosen = others
      .filter(({ metadata }) => selects(metadata.labels ?? {}))
      .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    for (const rule of chosen.flatMap((other) => other.rules ?? [])) {
      const key = JSON.stringify(rule);
      if (!rules.has(key)) rules.set(key, rule);
    }
  }
  return [...rules.values()];
}
