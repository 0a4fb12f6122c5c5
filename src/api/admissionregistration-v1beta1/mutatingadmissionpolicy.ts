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
  expression: string(1),
});
export interface ApplyConfiguration extends Of<typeof ApplyConfiguration> {}

export const JSONPatch = struct("admissionregistration.v1beta1.JSONPatch", {
  expression: string(1),
});
export interface JSONPatch extends Of<typeof JSONPatch> {}

export const Mutation = struct("admissionregistration.v1beta1.Mutation", {
  patchType: string(2).oneOf("ApplyConfiguration", "JSONPatch").required().union("d"),
  applyConfiguration: ref(3, ApplyConfiguration),
  jsonPatch: ref(4, JSONPatch),
});
export interface Mutation extends Of<typeof Mutation> {}

export const MutatingAdmissionPolicySpec = struct(
  "admissionregistration.v1beta1.MutatingAdmissionPolicySpec",
  {
    paramKind: ref(1, ParamKind),
    matchConstraints: ref(2, MatchResources),
    variables: list(3, Variable).atomic(),
    mutations: list(4, Mutation).atomic(),
    failurePolicy: string(5).pointer().oneOf("Ignore", "Fail").default("Fail"),
    matchConditions: list(6, MatchCondition).mergedBy("name"),
    reinvocationPolicy: string(7).oneOf("Never", "IfNeeded"),
  },
);
export interface MutatingAdmissionPolicySpec extends Of<typeof MutatingAdmissionPolicySpec> {}

export const MutatingAdmissionPolicy = resource({
  apiVersion: "admissionregistration.k8s.io/v1beta1",
  kind: "MutatingAdmissionPolicy",
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
