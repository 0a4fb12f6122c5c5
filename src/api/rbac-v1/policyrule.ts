import { at, type FieldProblem, invalid, list, type Of, required, string, struct } from "#machinery/schema";

export const PolicyRule = struct("rbac.v1.PolicyRule", {
  verbs: list(1, string).required().atomic().doc("What may be done; * for everything."),
  apiGroups: list(2, string).atomic().doc("Groups of the resources; * for all."),
  resources: list(3, string).atomic().doc("Resources, also resource/subresource; * for all."),
  resourceNames: list(4, string).atomic().doc("Only objects of these names."),
  nonResourceURLs: list(5, string).atomic().doc("Paths that are no resources; * at the end for all below."),
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
