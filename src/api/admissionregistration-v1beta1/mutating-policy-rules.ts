/** What mutating policies and their bindings must look like, in all versions. */
import type { MatchResources } from "#api/admissionregistration-v1/matching";
import { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import {
  type AnyBinding,
  bindingProblems,
  compiledProblems,
  oneOf,
  policyProblems,
} from "#api/admissionregistration-v1/policy-rules";
import type {
  MutatingAdmissionPolicySpec,
  Mutation,
} from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import type { Problems } from "#api/checks";
import { PATCH, WHOLE_OBJECT } from "#machinery/cel/mutation";
import type { Type } from "#machinery/cel/types";
import { at, invalid, item, required } from "#machinery/schema";

export function* mutatingPolicyProblems(spec: MutatingAdmissionPolicySpec): Problems {
  const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined, changes: true });
  yield* policyProblems(spec, compiler);
  yield* operationProblems("spec.matchConstraints", spec.matchConstraints);
  const { mutations = [], reinvocationPolicy } = spec;
  if (mutations.length === 0) yield required("spec.mutations", "mutations must contain at least one item");
  for (const [index, mutation] of mutations.entries()) {
    yield* mutationProblems(item("spec.mutations", index), mutation, compiler);
  }
  if (!reinvocationPolicy) yield required("spec.reinvocationPolicy");
}

const OPERATIONS = ["*", "CREATE", "UPDATE", "CONNECT"];

/** Nothing is there to be changed when an object goes. */
function* operationProblems(path: string, match: MatchResources | undefined): Problems {
  for (const { operations = [] } of match?.resourceRules ?? []) {
    for (const operation of operations)
      yield* oneOf(`${path}.resourceRules.operations`, operation, OPERATIONS);
  }
}

/** By the type of the patch: where it stands, and what its expression makes. */
const PATCHES: Readonly<
  Record<string, { readonly member: "applyConfiguration" | "jsonPatch"; readonly type: Type }>
> = {
  ApplyConfiguration: { member: "applyConfiguration", type: WHOLE_OBJECT },
  JSONPatch: { member: "jsonPatch", type: PATCH },
};

function* mutationProblems(path: string, mutation: Mutation, compiler: PolicyCompiler): Problems {
  const { patchType } = mutation;
  // That there is one, and which, is said with its field.
  const known = PATCHES[patchType];
  if (!known) return;
  for (const { member } of Object.values(PATCHES)) {
    const where = at(path, member);
    const said = mutation[member];
    if (member !== known.member) {
      if (said) yield invalid(where, `{${member}}`, `must not be specified when patchType is ${patchType}`);
    } else if (!said) yield required(where, `must be specified when patchType is ${patchType}`);
    else yield* changeProblems(at(where, "expression"), said.expression ?? "", known.type, compiler);
  }
}

function* changeProblems(path: string, text: string, type: Type, compiler: PolicyCompiler): Problems {
  const expression = text.trim();
  if (expression === "") yield required(path);
  else yield* compiledProblems(path, expression, compiler.expression(expression, type));
}

export function* mutatingBindingProblems(spec: AnyBinding): Problems {
  yield* bindingProblems(spec);
  yield* operationProblems("spec.matchResources", spec.matchResources);
}
