import { ageColumn, integer, nameColumn, text, UNSET } from "#api/columns";
import { MatchCondition, MatchResources, ParamKind, Variable } from "#api/admissionregistration-v1/matching";
import {
  policyStatusProblems,
  validatingPolicyProblems,
} from "#api/admissionregistration-v1/validating-policy-rules";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const AuditAnnotation = struct("admissionregistration.v1.AuditAnnotation", {
  key: string(1).required().doc("Key of the annotation, after the name of the policy."),
  valueExpression: string(2).required().doc("CEL expression that makes the value; null leaves it out."),
});
export interface AuditAnnotation extends Of<typeof AuditAnnotation> {}

export const ExpressionWarning = struct("admissionregistration.v1.ExpressionWarning", {
  fieldRef: string(2).required().doc("Path of the expression."),
  warning: string(3).required().doc("What looks wrong, type by type."),
});
export interface ExpressionWarning extends Of<typeof ExpressionWarning> {}

export const TypeChecking = struct("admissionregistration.v1.TypeChecking", {
  expressionWarnings: list(1, ExpressionWarning).atomic().doc("Expressions that look wrong."),
});
export interface TypeChecking extends Of<typeof TypeChecking> {}

export const Validation = struct("admissionregistration.v1.Validation", {
  expression: string(1).required().doc("CEL expression that must be true."),
  message: string(2).doc("More about it in plain words."),
  reason: string(3).pointer().doc("One word on why."),
  messageExpression: string(4).doc("CEL expression that makes the message."),
});
export interface Validation extends Of<typeof Validation> {}

export const ValidatingAdmissionPolicySpec = struct(
  "admissionregistration.v1.ValidatingAdmissionPolicySpec",
  {
    paramKind: ref(1, ParamKind).doc("Kind of the parameters."),
    matchConstraints: ref(2, MatchResources).doc("Requests that the policy is about."),
    validations: list(3, Validation).atomic().doc("Expressions that must all be true."),
    failurePolicy: string(4)
      .pointer()
      .oneOf("Ignore", "Fail")
      .default("Fail")
      .doc("Fail or Ignore when an expression cannot be evaluated."),
    auditAnnotations: list(5, AuditAnnotation).atomic().doc("What is put on the audit record."),
    matchConditions: list(6, MatchCondition)
      .mergedBy("name")
      .doc("Expressions that must all be true for the policy to count."),
    variables: list(7, Variable).mergedBy("name").doc("Named expressions that others can use."),
  },
);
export interface ValidatingAdmissionPolicySpec extends Of<typeof ValidatingAdmissionPolicySpec> {}

export const ValidatingAdmissionPolicyStatus = struct(
  "admissionregistration.v1.ValidatingAdmissionPolicyStatus",
  {
    observedGeneration: int64(1).doc("Generation of the object that this is about."),
    typeChecking: ref(2, TypeChecking).doc("What the type checker found."),
    conditions: list(3, Condition).keyedBy("type").doc("What is known about its state, one entry per type."),
  },
);
export interface ValidatingAdmissionPolicyStatus extends Of<typeof ValidatingAdmissionPolicyStatus> {}

export const ValidatingAdmissionPolicy = resource({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  doc: "Expressions that may refuse changes.",
  plural: "validatingadmissionpolicies",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: ValidatingAdmissionPolicySpec,
  status: ValidatingAdmissionPolicyStatus,
  unconditionalUpdate: false,
  rules: {
    validate: ({ metadata, spec }) => validatingPolicyProblems(metadata.name, spec),
    validateStatusUpdate: ({ status }) => policyStatusProblems(status),
  },

  columns: [
    nameColumn,
    integer("Validations", ({ spec }) => spec.validations?.length ?? 0),
    text("ParamKind", ({ spec: { paramKind } }) =>
      paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : UNSET,
    ),
    ageColumn,
  ],
});
export interface ValidatingAdmissionPolicy extends Of<typeof ValidatingAdmissionPolicy> {}
