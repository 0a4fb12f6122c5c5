import { ageColumn, integer, nameColumn, text, UNSET } from "#api/columns";
import { MatchCondition, MatchResources, ParamKind, Variable } from "#api/admissionregistration-v1/matching";
import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const AuditAnnotation = struct("admissionregistration.v1.AuditAnnotation", {
  key: string(1).required(),
  valueExpression: string(2).required(),
});
export interface AuditAnnotation extends Of<typeof AuditAnnotation> {}

export const ExpressionWarning = struct("admissionregistration.v1.ExpressionWarning", {
  fieldRef: string(2).required(),
  warning: string(3).required(),
});
export interface ExpressionWarning extends Of<typeof ExpressionWarning> {}

export const TypeChecking = struct("admissionregistration.v1.TypeChecking", {
  expressionWarnings: list(1, ExpressionWarning).atomic(),
});
export interface TypeChecking extends Of<typeof TypeChecking> {}

export const Validation = struct("admissionregistration.v1.Validation", {
  expression: string(1).required(),
  message: string(2).doc("More about it in plain words."),
  reason: string(3).pointer().doc("One word on why."),
  messageExpression: string(4),
});
export interface Validation extends Of<typeof Validation> {}

export const ValidatingAdmissionPolicySpec = struct(
  "admissionregistration.v1.ValidatingAdmissionPolicySpec",
  {
    paramKind: ref(1, ParamKind),
    matchConstraints: ref(2, MatchResources),
    validations: list(3, Validation).atomic(),
    failurePolicy: string(4).pointer().oneOf("Ignore", "Fail").default("Fail"),
    auditAnnotations: list(5, AuditAnnotation).atomic(),
    matchConditions: list(6, MatchCondition).mergedBy("name"),
    variables: list(7, Variable).mergedBy("name"),
  },
);
export interface ValidatingAdmissionPolicySpec extends Of<typeof ValidatingAdmissionPolicySpec> {}

export const ValidatingAdmissionPolicyStatus = struct(
  "admissionregistration.v1.ValidatingAdmissionPolicyStatus",
  {
    observedGeneration: int64(1).doc("Generation of the object that this is about."),
    typeChecking: ref(2, TypeChecking),
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
