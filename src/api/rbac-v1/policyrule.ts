import { at, type FieldProblem, invalid, list, type Of, required, string, struct } from "#machinery/schema";

export const PolicyRule = struct("rbac.v1.PolicyRule", {
  verbs: list(1, string).required().atomic(),
  apiGroups: list(2, string).atomic(),
  resources: list(3, string).atomic(),
  resourceNames: list(4, string).atomic(),
  nonResourceURLs: list(5, string).atomic(),
});
export interface PolicyRule extends Of<typeof PolicyRule> {}

/** What is wrong with a role's rules. URLs that are no resources belong to the cluster, not to a namespace. */
export function* ruleProblems(rules: readonly PolicyRule[], namespaced: boolean): Iterable<FieldProblem> {
  for (const [index, rule] of rules.entries()) {
    const path = `rules[${index}]`;
    const { verbs, apiGroups = [], resources = [], nonResourceURLs = [], resourceNames = [] } = rule;
    if ((verbs ?? []).length === 0)
      yield required(at(path, "verbs"), "verbs must contain at least one value");
    if (nonResourceURLs.length > 0) {
      if (namespaced)
        yield invalid(
          at(path, "nonResourceURLs"),
          nonResourceURLs,
          "namespaced rules cannot apply to non-resource URLs",
        );
      if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
        yield invalid(
          at(path, "nonResourceURLs"),
          nonResourceURLs,
          "rules cannot apply to both regular resources and non-resource URLs",
        );
      continue;
    }
    if (apiGroups.length === 0)
      yield required(at(path, "apiGroups"), "resource rules must supply at least one api group");
    if (resources.length === 0)
      yield required(at(path, "resources"), "resource rules must supply at least one resource");
  }
}
