/** Holds the expressions of a validating policy against the schemas of what it is about. */
import { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
} from "#api/admissionregistration-v1/validatingadmissionpolicy";
import type { Type } from "#machinery/cel/types";

/** A kind as expressions see it. */
export interface KnownKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly type: Type;
}

/** The kinds of the cluster. */
export interface Kinds {
  ofResource(group: string, version: string, plural: string): KnownKind | undefined;
  ofKind(apiVersion: string, kind: string): KnownKind | undefined;
}

/** One rule is checked against at most so many kinds. */
const KINDS_MAX = 10;

/** What looks wrong; a policy works all the same. */
export function typeWarnings(policy: ValidatingAdmissionPolicy, kinds: Kinds): readonly ExpressionWarning[] {
  const checks = matchedKinds(policy, kinds).map((kind) => new Check(policy, kind, kinds));
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string) => {
    const issues = checks.flatMap((one) => one.issuesOf(expression) ?? []);
    if (issues.length > 0) warnings.push({ fieldRef, warning: issues.join("\n") });
  };
  for (const [index, { expression, messageExpression }] of (policy.spec.validations ?? []).entries()) {
    check(`spec.validations[${index}].expression`, expression);
    if (messageExpression) check(`spec.validations[${index}].messageExpression`, messageExpression);
  }
  return warnings;
}

/** Named by rules without wildcards; in order of group, version and kind. */
function matchedKinds({ spec }: ValidatingAdmissionPolicy, kinds: Kinds): readonly KnownKind[] {
  const found = new Map<string, KnownKind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ??
    []) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes("*"))) continue;
    const plain = resources.filter((name) => !/[*/]/.test(name)).toSorted();
    let count = 0;
    for (const group of apiGroups.toSorted())
      for (const version of apiVersions.toSorted())
        for (const plural of plain) {
          const known = kinds.ofResource(group, version, plural);
          if (known && count < KINDS_MAX) {
            found.set(nameOf(known), known);
            count++;
          }
        }
  }
  return [...found.values()].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const nameOf = ({ group, version, kind }: KnownKind): string => `${group}/${version}, Kind=${kind}`;
const sortKey = ({ group, version, kind }: KnownKind): string => [group, version, kind].join("\0");

/** All expressions of a policy against one kind. */
class Check {
  readonly #kind: KnownKind;
  readonly #compiler: PolicyCompiler;

  constructor({ spec }: ValidatingAdmissionPolicy, kind: KnownKind, kinds: Kinds) {
    this.#kind = kind;
    const { paramKind, variables = [] } = spec;
    const params = paramKind && kinds.ofKind(paramKind.apiVersion ?? "", paramKind.kind ?? "")?.type;
    this.#compiler = new PolicyCompiler({ object: kind.type, params: params ?? false });
    for (const { name, expression } of variables) this.#compiler.variable(name, expression);
  }

  issuesOf(expression: string): string | undefined {
    const compiled = this.#compiler.expression(expression);
    if (!("error" in compiled)) return undefined;
    return `${nameOf(this.#kind)}: ${compiled.error.replace(/^compilation failed: /, "")}\n`;
  }
}
