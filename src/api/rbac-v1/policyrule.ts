import { list, type Of, string, struct } from "#machinery/schema";

export const PolicyRule = struct("rbac.v1.PolicyRule", {
  verbs: list(1, string).required().atomic(),
  apiGroups: list(2, string).atomic(),
  resources: list(3, string).atomic(),
  resourceNames: list(4, string).atomic(),
  nonResourceURLs: list(5, string).atomic(),
});
export interface PolicyRule extends Of<typeof PolicyRule> {}
