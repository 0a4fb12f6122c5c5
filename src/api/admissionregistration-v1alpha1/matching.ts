import { RuleWithOperations } from "#api/admissionregistration-v1/matching";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { inline, list, type Of, ref, string, struct } from "#machinery/schema";

export const NamedRuleWithOperations = struct(
  "admissionregistration.v1alpha1.NamedRuleWithOperations",
  {
    resourceNames: list(1, string).atomic(),
    ruleWithOperations: inline(2, RuleWithOperations),
  },
  { atomic: true },
);
export interface NamedRuleWithOperations extends Of<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  "admissionregistration.v1alpha1.MatchResources",
  {
    namespaceSelector: ref(1, LabelSelector).default({}),
    objectSelector: ref(2, LabelSelector).default({}),
    resourceRules: list(3, NamedRuleWithOperations).atomic(),
    excludeResourceRules: list(4, NamedRuleWithOperations).atomic(),
    matchPolicy: string(7).pointer().oneOf("Exact", "Equivalent").default("Equivalent"),
  },
  { atomic: true },
);
export interface MatchResources extends Of<typeof MatchResources> {}

export const ParamKind = struct(
  "admissionregistration.v1alpha1.ParamKind",
  {
    apiVersion: string(1).doc("Group and version of the kind."),
    kind: string(2),
  },
  { atomic: true },
);
export interface ParamKind extends Of<typeof ParamKind> {}

export const ParamRef = struct(
  "admissionregistration.v1alpha1.ParamRef",
  {
    name: string(1),
    namespace: string(2),
    selector: ref(3, LabelSelector),
    parameterNotFoundAction: string(4).pointer(),
  },
  { atomic: true },
);
export interface ParamRef extends Of<typeof ParamRef> {}

export const Variable = struct("admissionregistration.v1alpha1.Variable", {
  name: string(1).required(),
  expression: string(2).required(),
});
export interface Variable extends Of<typeof Variable> {}
