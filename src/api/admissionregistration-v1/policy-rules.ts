/** What policies and their bindings must look like, whatever they do. */
import type { Compiled } from "#api/admissionregistration-v1/expressions";
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  Variable,
} from "#api/admissionregistration-v1/matching";
import type { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import { conditionProblems, ruleProblems } from "#api/admissionregistration-v1/webhook-rules";
import { distinct, named, type Problems } from "#api/checks";
import { RESERVED } from "#machinery/cel/escape";
import { problemsOfName } from "#machinery/names";
import { at, forbidden, invalid, item, notSupported, required } from "#machinery/schema";

/** The parts that all policies have. */
interface Policy {
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
  readonly failurePolicy?: string;
}

/** What comes before the policy's own expressions; its variables are compiled on the way. */
export function* policyProblems(spec: Policy, compiler: PolicyCompiler): Problems {
  const { paramKind, matchConstraints, matchConditions = [], variables = [], failurePolicy } = spec;
  if (!failurePolicy) yield required("spec.failurePolicy");
  if (paramKind) yield* paramKindProblems("spec.paramKind", paramKind);
  if (!matchConstraints) yield required("spec.matchConstraints");
  else {
    yield* matchProblems("spec.matchConstraints", matchConstraints);
    if (!matchConstraints.resourceRules?.length) yield required("spec.matchConstraints.resourceRules");
  }
  yield* conditionProblems("spec.matchConditions", matchConditions, { params: paramKind !== undefined });
  for (const [index, variable] of variables.entries()) {
    yield* variableProblems(item("spec.variables", index), variable, compiler);
  }
}

export function* oneOf(path: string, value: string, values: readonly string[]): Problems {
  if (!values.includes(value)) yield notSupported(path, value, values);
}

function* paramKindProblems(path: string, { apiVersion = "", kind = "" }: ParamKind): Problems {
  if (apiVersion === "") yield required(at(path, "apiVersion"));
  else yield* apiVersionProblems(at(path, "apiVersion"), apiVersion);
  if (kind === "") yield required(at(path, "kind"));
  else {
    const problems = problemsOfName("dns-1035-label", kind.toLowerCase());
    const detail = `may have mixed case, but should otherwise match: ${problems.join(",")}`;
    if (problems.length > 0) yield invalid(at(path, "kind"), kind, detail);
  }
}

function* apiVersionProblems(path: string, apiVersion: string): Problems {
  const parts = apiVersion === "/" ? [""] : apiVersion.split("/");
  if (parts.length > 2)
    return yield invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  const [version, group = ""] = parts.toReversed() as [string, string?];
  if (group !== "") {
    const problems = problemsOfName("dns-subdomain", group);
    if (problems.length > 0) yield invalid(path, group, problems.join(","));
  }
  if (version === "") return yield invalid(path, apiVersion, "version must be specified");
  const problems = problemsOfName("dns-1035-label", version);
  if (problems.length > 0) yield invalid(path, version, problems.join(","));
}

function* matchProblems(path: string, match: MatchResources): Problems {
  const { matchPolicy, resourceRules = [], excludeResourceRules = [] } = match;
  if (!matchPolicy) yield required(at(path, "matchPolicy"));
  for (const [index, rule] of resourceRules.entries()) {
    yield* namedRuleProblems(item(at(path, "resourceRules"), index), rule);
  }
  for (const [index, rule] of excludeResourceRules.entries()) {
    yield* namedRuleProblems(item(at(path, "excludeResourceRules"), index), rule);
  }
}

function* namedRuleProblems(
  path: string,
  { resourceNames = [], ...rule }: NamedRuleWithOperations,
): Problems {
  for (const [index, name] of resourceNames.entries()) {
    yield* named(item(at(path, "resourceNames"), index), name, "path-segment");
  }
  yield* distinct(at(path, "resourceNames"), resourceNames, (name) => name);
  yield* ruleProblems(path, rule);
}

function* variableProblems(path: string, { name, expression }: Variable, compiler: PolicyCompiler): Problems {
  if (name.trim() === "") yield required(at(path, "name"), "name is not specified");
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name)) {
    yield invalid(at(path, "name"), name, "name is not a valid CEL identifier");
  }
  if (expression.trim() === "") yield required(at(path, "expression"), "expression is not specified");
  else yield* compiledProblems(at(path, "expression"), expression, compiler.variable(name, expression));
}

export function* compiledProblems(path: string, shown: string, compiled: Compiled): Problems {
  if ("error" in compiled) yield invalid(path, shown, compiled.error);
}

/** The parts that all bindings have. */
export interface AnyBinding {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

export function* bindingProblems({ policyName = "", paramRef, matchResources }: AnyBinding): Problems {
  if (policyName === "") yield required("spec.policyName");
  else yield* named("spec.policyName", policyName, "dns-subdomain");
  if (paramRef) yield* paramRefProblems("spec.paramRef", paramRef);
  if (matchResources) yield* matchProblems("spec.matchResources", matchResources);
}

const ONE_ONLY = "name and selector are mutually exclusive";

function* paramRefProblems(path: string, paramRef: ParamRef): Problems {
  const { name = "", selector, parameterNotFoundAction } = paramRef;
  if (name !== "") {
    yield* named(at(path, "name"), name, "path-segment");
    if (selector) {
      yield forbidden(at(path, "name"), ONE_ONLY);
      yield forbidden(at(path, "selector"), ONE_ONLY);
    }
  } else if (!selector) yield required(path, "one of name or selector must be specified");
  if (!parameterNotFoundAction) yield required(at(path, "parameterNotFoundAction"));
  else yield* oneOf(at(path, "parameterNotFoundAction"), parameterNotFoundAction, ["Deny", "Allow"]);
}
