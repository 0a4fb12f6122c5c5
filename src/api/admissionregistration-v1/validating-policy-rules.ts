/** What validating policies and their bindings must look like. */
import { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import {
  bindingProblems,
  compiledProblems,
  oneOf,
  policyProblems,
} from "#api/admissionregistration-v1/policy-rules";
import type {
  AuditAnnotation,
  ValidatingAdmissionPolicySpec,
  ValidatingAdmissionPolicyStatus,
  Validation,
} from "#api/admissionregistration-v1/validatingadmissionpolicy";
import type { ValidatingAdmissionPolicyBindingSpec } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import { distinct, type Problems } from "#api/checks";
import { BOOL, NULL, STRING } from "#machinery/cel/types";
import { problemsOfName } from "#machinery/names";
import { at, invalid, item, notSupported, required } from "#machinery/schema";

const ANNOTATIONS_MAX = 20;
/** Shorter than what is made of it may be. Bytes. */
const ANNOTATION_EXPRESSION_MAX = 5 * 1024;

export function* validatingPolicyProblems(name: string, spec: ValidatingAdmissionPolicySpec): Problems {
  const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined });
  yield* policyProblems(spec, compiler);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    yield required("spec.validations", detail);
    yield required("spec.auditAnnotations", detail);
  }
  for (const [index, validation] of validations.entries()) {
    yield* validationProblems(item("spec.validations", index), validation, compiler);
  }
  if (auditAnnotations.length > ANNOTATIONS_MAX) {
    const detail = `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`;
    yield invalid("spec.auditAnnotations", auditAnnotations, detail);
  }
  for (const [index, annotation] of auditAnnotations.entries()) {
    yield* annotationProblems(name, item("spec.auditAnnotations", index), annotation, compiler);
  }
  yield* distinct("spec.auditAnnotations", auditAnnotations, ({ key }) => key, "key");
}

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function* validationProblems(path: string, validation: Validation, compiler: PolicyCompiler): Problems {
  const { expression, message = "", messageExpression = "", reason } = validation;
  const where = at(path, "expression");
  if (expression.trim() === "") yield required(where, "expression is not specified");
  else yield* compiledProblems(where, expression, compiler.expression(expression, BOOL));
  if (messageExpression !== "") {
    const place = at(path, "messageExpression");
    if (messageExpression.trim() === "")
      yield invalid(place, messageExpression, "must be non-empty if specified");
    else yield* compiledProblems(place, messageExpression, compiler.message(messageExpression, STRING));
  }
  if (message !== "" && message.trim() === "") {
    yield invalid(at(path, "message"), message, "message must be non-empty if specified");
  } else if (/[\n\r]/.test(message.trim())) {
    yield invalid(at(path, "message"), message, "message must not contain line breaks");
  }
  if (reason !== undefined) yield* oneOf(at(path, "reason"), reason, REASONS);
}

function* annotationProblems(
  policy: string,
  path: string,
  { key, valueExpression }: AuditAnnotation,
  compiler: PolicyCompiler,
): Problems {
  const badKey = problemsOfName("qualified-name", `${policy}/${key}`);
  if (!policy) yield invalid(at(path, "key"), key, "requires metadata.name be non-empty");
  else for (const detail of badKey) yield invalid(at(path, "key"), `${policy}/${key}`, detail);
  const where = at(path, "valueExpression");
  const expression = valueExpression.trim();
  if (expression === "") yield required(where, "valueExpression is not specified");
  else if (new TextEncoder().encode(expression).length > ANNOTATION_EXPRESSION_MAX) {
    yield required(where, `must not exceed ${ANNOTATION_EXPRESSION_MAX} bytes in length`);
  } else {
    yield* compiledProblems(where, valueExpression, compiler.expression(expression, STRING, NULL));
  }
}

export function* policyStatusProblems({ typeChecking }: ValidatingAdmissionPolicyStatus): Problems {
  for (const [index, { warning, fieldRef }] of (typeChecking?.expressionWarnings ?? []).entries()) {
    const path = item("status.typeChecking.expressionWarnings", index);
    if (warning === "") yield required(at(path, "warning"));
    if (fieldRef.trim() === "") yield required(at(path, "fieldRef"));
  }
}

const ACTIONS = ["Deny", "Warn", "Audit"];
const SAID_TWICE =
  "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";

export function* validatingBindingProblems(spec: ValidatingAdmissionPolicyBindingSpec): Problems {
  yield* bindingProblems(spec);
  const { validationActions: actions = [] } = spec;
  const path = "spec.validationActions";
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) yield notSupported(item(path, index), action, ACTIONS);
  }
  yield* distinct(path, actions, (action) => action);
  if (actions.includes("Deny") && actions.includes("Warn")) yield invalid(path, actions, SAID_TWICE);
  if (actions.length === 0) yield required(path, "at least one validation action is required");
}
