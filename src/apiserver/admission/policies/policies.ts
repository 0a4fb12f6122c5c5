import type { Registry } from "prom-client";
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import { MutatingAdmissionPolicy as MutatingAdmissionPolicyV1alpha1 } from "#api/admissionregistration-v1alpha1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding as MutatingAdmissionPolicyBindingV1alpha1 } from "#api/admissionregistration-v1alpha1/mutatingadmissionpolicybinding";
import { MutatingAdmissionPolicy } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicybinding";
import type { Clock } from "#base/clock";
import type { Resource } from "#machinery/schema";
import type { AdmissionPlugin, Authorizer, Loopback, ReadCache } from "../../contracts.ts";
import type { ResourceSet } from "../../resource-set.ts";
import type { ConditionMetrics } from "../expressions/condition-metrics.ts";
import { Equivalents } from "../matching/equivalents.ts";
import { Matching } from "../matching/matching.ts";
import { Invocations } from "./invocations.ts";
import { mutatingPolicies, type Mutations } from "./mutating.ts";
import { compileMutations } from "./mutations.ts";
import { Params } from "./params.ts";
import { PolicyMetrics } from "./policy-metrics.ts";
import { policyReferences } from "./references.ts";
import { PolicySource } from "./source.ts";
import { validatingPolicies } from "./validating.ts";
import { compileValidations, type Validations } from "./validations.ts";

export interface PolicyOptions {
  readonly cache: ReadCache;
  readonly loopback: () => Loopback;
  readonly authorizer: Authorizer;
  readonly kinds: ResourceSet;
  readonly registry: Registry;
  readonly conditionMetrics: ConditionMetrics;
  readonly clock: Clock;
  /** Is the feature gate on? */
  readonly gate: (name: string) => boolean;
}

/** The plugins that put policies to use, first those that change, then those that refuse; and who may write them. */
export function policyPlugins(options: PolicyOptions): readonly AdmissionPlugin[] {
  const equivalents = new Equivalents(options.kinds);
  const matching = new Matching({ ...options, equivalents });
  const common = { ...options, equivalents, matching, params: new Params(options) };
  return [mutating(common), validating(common), policyReferences(common)];
}

interface Common extends PolicyOptions {
  readonly equivalents: Equivalents;
  readonly matching: Matching;
  readonly params: Params;
}

/** Versions of the same objects; any will do. */
const MUTATING: readonly {
  readonly policies: Resource<MutatingAdmissionPolicy>;
  readonly bindings: Resource<MutatingAdmissionPolicyBinding>;
}[] = [
  { policies: MutatingAdmissionPolicy, bindings: MutatingAdmissionPolicyBinding },
  { policies: MutatingAdmissionPolicyV1alpha1, bindings: MutatingAdmissionPolicyBindingV1alpha1 },
];

function mutating(common: Common): AdmissionPlugin {
  const { kinds, cache, gate, registry } = common;
  const served = MUTATING.find((version) => kinds.of(version.policies) && kinds.of(version.bindings));
  const source =
    served && gate("MutatingAdmissionPolicy")
      ? new PolicySource<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutations>({
          cache,
          ...served,
          changes: true,
          compile: (policy, compiler) => ({
            mutations: compileMutations(policy, compiler),
            reinvocable: policy.spec.reinvocationPolicy === "IfNeeded",
          }),
        })
      : undefined;
  return mutatingPolicies({
    ...common,
    active: () => source?.active ?? [],
    invocations: new Invocations(common),
    metrics: new PolicyMetrics("mutating", registry),
  });
}

function validating(common: Common): AdmissionPlugin {
  const { kinds, cache, registry } = common;
  const isServed = kinds.of(ValidatingAdmissionPolicy) && kinds.of(ValidatingAdmissionPolicyBinding);
  const source = isServed
    ? new PolicySource<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validations>({
        cache,
        policies: ValidatingAdmissionPolicy,
        bindings: ValidatingAdmissionPolicyBinding,
        changes: false,
        compile: compileValidations,
      })
    : undefined;
  return validatingPolicies({
    ...common,
    active: () => source?.active ?? [],
    invocations: new Invocations(common),
    metrics: new PolicyMetrics("validating", registry),
  });
}
