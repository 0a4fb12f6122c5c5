import { LabelSelector } from "#api/meta-v1/labelselector";
import { inline, list, type Of, ref, string, struct } from "#machinery/schema";

export const MatchCondition = struct("admissionregistration.v1.MatchCondition", {
  name: string(1).required().doc("Name of the condition."),
  expression: string(2).required().doc("CEL expression that is true where the request counts."),
});
export interface MatchCondition extends Of<typeof MatchCondition> {}

export const Rule = struct("admissionregistration.v1.Rule", {
  apiGroups: list(1, string).atomic().doc("Groups; * is all."),
  apiVersions: list(2, string).atomic().doc("Versions; * is all."),
  resources: list(3, string).atomic().doc("Resources, such as pods or pods/exec; * is all."),
  scope: string(4)
    .pointer()
    .oneOf("Cluster", "Namespaced", "*")
    .default("*")
    .doc("Cluster, Namespaced or * for both."),
});
export interface Rule extends Of<typeof Rule> {}

export const RuleWithOperations = struct("admissionregistration.v1.RuleWithOperations", {
  operations: list(1, string).atomic().doc("CREATE, UPDATE, DELETE, CONNECT or * for all."),
  rule: inline(2, Rule),
});
export interface RuleWithOperations extends Of<typeof RuleWithOperations> {}

export const NamedRuleWithOperations = struct(
  "admissionregistration.v1.NamedRuleWithOperations",
  {
    resourceNames: list(1, string).atomic().doc("Names of objects; empty for all."),
    ruleWithOperations: inline(2, RuleWithOperations),
  },
  { atomic: true },
);
export interface NamedRuleWithOperations extends Of<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  "admissionregistration.v1.MatchResources",
  {
    namespaceSelector: ref(1, LabelSelector).default({}).doc("Namespaces whose objects count."),
    objectSelector: ref(2, LabelSelector).default({}).doc("Objects that count, by label."),
    resourceRules: list(3, NamedRuleWithOperations).atomic().doc("Requests that count."),
    excludeResourceRules: list(4, NamedRuleWithOperations)
      .atomic()
      .doc("Requests that do not count, whatever else is said."),
    matchPolicy: string(7)
      .pointer()
      .oneOf("Exact", "Equivalent")
      .default("Equivalent")
      .doc("Exact or Equivalent: whether other versions of a resource count."),
  },
  { atomic: true },
);
export interface MatchResources extends Of<typeof MatchResources> {}

export const ParamKind = struct(
  "admissionregistration.v1.ParamKind",
  {
    apiVersion: string(1).doc("Group and version of the kind."),
    kind: string(2).doc("Kind of the parameters."),
  },
  { atomic: true },
);
export interface ParamKind extends Of<typeof ParamKind> {}

export const ParamRef = struct(
  "admissionregistration.v1.ParamRef",
  {
    name: string(1).doc("Name of the parameters."),
    namespace: string(2).doc("Namespace of the parameters; by default that of the request."),
    selector: ref(3, LabelSelector).doc("Parameters by label, in place of a name."),
    parameterNotFoundAction: string(4).pointer().doc("Allow or Deny when there are none."),
  },
  { atomic: true },
);
export interface ParamRef extends Of<typeof ParamRef> {}

export const Variable = struct(
  "admissionregistration.v1.Variable",
  {
    name: string(1).required().doc("Name that follows variables. in other expressions."),
    expression: string(2).required().doc("CEL expression that makes the value."),
  },
  { atomic: true },
);
export interface Variable extends Of<typeof Variable> {}
