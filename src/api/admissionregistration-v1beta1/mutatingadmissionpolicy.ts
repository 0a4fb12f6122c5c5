import {
  MatchCondition,
  MatchResources,
  ParamKind,
  Variable,
} from "#api/admissionregistration-v1beta1/matching";
import { mutatingPolicyProblems } from "#api/admissionregistration-v1beta1/mutating-policy-rules";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const ApplyConfiguration = struct("admissionregistration.v1beta1.ApplyConfiguration", {
  expression: string(1).doc("Makes a configuration, in CEL: Object{spec: Object.spec{...}}."),
});
export interface ApplyConfiguration extends Of<typeof ApplyConfiguration> {}

export const JSONPatch = struct("admissionregistration.v1beta1.JSONPatch", {
  expression: string(1).doc("Makes a JSON patch, in CEL: [JSONPatch{op: ..., path: ..., value: ...}]."),
});
export interface JSONPatch extends Of<typeof JSONPatch> {}

export const Mutation = struct("admissionregistration.v1beta1.Mutation", {
  patchType: string(2)
    .oneOf("ApplyConfiguration", "JSONPatch")
    .required()
    .union("d")
    .doc("ApplyConfiguration, or JSONPatch."),
  applyConfiguration: ref(3, ApplyConfiguration).doc("Is laid over the object as server-side apply merges."),
  jsonPatch: ref(4, JSONPatch).doc("Is applied to the object."),
});
export interface Mutation extends Of<typeof Mutation> {}

export const MutatingAdmissionPolicySpec = struct(
  "admissionregistration.v1beta1.MutatingAdmissionPolicySpec",
  {
    paramKind: ref(1, ParamKind).doc("Kind of the params that bindings give to the policy."),
    matchConstraints: ref(2, MatchResources).doc("What the policy is about."),
    variables: list(3, Variable).atomic().doc("Values that expressions share."),
    mutations: list(4, Mutation).atomic().doc("Changes, one after the other."),
    failurePolicy: string(5)
      .pointer()
      .oneOf("Ignore", "Fail")
      .default("Fail")
      .doc("Whether writes fail that cannot be changed: Fail, or Ignore."),
    matchConditions: list(6, MatchCondition)
      .mergedBy("name")
      .doc("What must hold for the policy to be about a write."),
    reinvocationPolicy: string(7)
      .oneOf("Never", "IfNeeded")
      .doc("Whether the policy sees an object again that others have changed: Never, or IfNeeded."),
  },
);
export interface MutatingAdmissionPolicySpec extends Of<typeof MutatingAdmissionPolicySpec> {}

export const MutatingAdmissionPolicy = resource({
  apiVersion: "admissionregistration.k8s.io/v1beta1",
  kind: "MutatingAdmissionPolicy",
  doc: "Expressions that may change what is written.",
  plural: "mutatingadmissionpolicies",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: MutatingAdmissionPolicySpec,
  counted: true,
  unconditionalUpdate: false,
  rules: { validate: ({ spec }) => mutatingPolicyProblems(spec) },
  servedByDefault: false,
});
export interface MutatingAdmissionPolicy extends Of<typeof MutatingAdmissionPolicy> {}
