import { RuleWithOperations } from "#api/admissionregistration-v1/matching";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { inline, list, type Of, ref, string, struct } from "#machinery/schema";

export const MatchCondition = struct("admissionregistration.v1beta1.MatchCondition", {
  name: string(1).required().doc("Says which condition it is."),
  expression: string(2).required().doc("What must hold of a write, in CEL."),
});
export interface MatchCondition extends Of<typeof MatchCondition> {}

export const NamedRuleWithOperations = struct(
  "admissionregistration.v1beta1.NamedRuleWithOperations",
  {
    resourceNames: list(1, string).atomic().doc("Names of the objects that are matched; by default all."),
    ruleWithOperations: inline(2, RuleWithOperations),
  },
  { atomic: true },
);
export interface NamedRuleWithOperations extends Of<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  "admissionregistration.v1beta1.MatchResources",
  {
    namespaceSelector: ref(1, LabelSelector)
      .default({})
      .doc("Namespaces whose objects are matched, by their labels; by default all."),
    objectSelector: ref(2, LabelSelector)
      .default({})
      .doc("Objects that are matched, by their labels before or after the write; by default all."),
    resourceRules: list(3, NamedRuleWithOperations).atomic().doc("What is matched: one rule is enough."),
    excludeResourceRules: list(4, NamedRuleWithOperations)
      .atomic()
      .doc("What is not matched, whatever the other rules say."),
    matchPolicy: string(7)
      .pointer()
      .oneOf("Exact", "Equivalent")
      .default("Equivalent")
      .doc("Whether other versions of the same objects match too: Equivalent, or Exact."),
  },
  { atomic: true },
);
export interface MatchResources extends Of<typeof MatchResources> {}

export const ParamKind = struct(
  "admissionregistration.v1beta1.ParamKind",
  {
    apiVersion: string(1).doc("Group and version of the kind."),
    kind: string(2).doc("The kind of the objects that bindings give to the policy."),
  },
  { atomic: true },
);
export interface ParamKind extends Of<typeof ParamKind> {}

export const ParamRef = struct(
  "admissionregistration.v1beta1.ParamRef",
  {
    name: string(1).doc("The param with this name."),
    namespace: string(2).doc("Where params are; by default in the namespace of what is written."),
    selector: ref(3, LabelSelector).doc("All params with such labels."),
    parameterNotFoundAction: string(4).pointer().doc("What happens when there is none: Allow, or Deny."),
  },
  { atomic: true },
);
export interface ParamRef extends Of<typeof ParamRef> {}

export const Variable = struct(
  "admissionregistration.v1beta1.Variable",
  {
    name: string(1).required().doc("Expressions say variables.NAME."),
    expression: string(2).required().doc("Its value; it may use the variables before it."),
  },
  { atomic: true },
);
export interface Variable extends Of<typeof Variable> {}
