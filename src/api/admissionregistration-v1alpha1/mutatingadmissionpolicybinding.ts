import { MatchResources, ParamRef } from "#api/admissionregistration-v1alpha1/matching";
import { mutatingBindingProblems } from "#api/admissionregistration-v1beta1/mutating-policy-rules";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, ref, resource, string, struct } from "#machinery/schema";

export const MutatingAdmissionPolicyBindingSpec = struct(
  "admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec",
  {
    policyName: string(1).doc("The policy that is put to use."),
    paramRef: ref(2, ParamRef).doc("The params that the policy gets."),
    matchResources: ref(3, MatchResources).doc(
      "For which of the objects that the policy is about it is put to use; by default for all.",
    ),
  },
);
export interface MutatingAdmissionPolicyBindingSpec extends Of<typeof MutatingAdmissionPolicyBindingSpec> {}

export const MutatingAdmissionPolicyBinding = resource({
  apiVersion: "admissionregistration.k8s.io/v1alpha1",
  kind: "MutatingAdmissionPolicyBinding",
  doc: "Where a mutating policy holds, and with which settings.",
  plural: "mutatingadmissionpolicybindings",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: MutatingAdmissionPolicyBindingSpec,
  counted: true,
  unconditionalUpdate: false,
  rules: { validate: ({ spec }) => mutatingBindingProblems(spec) },
  storedAs: "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding",
  servedByDefault: false,
});
export interface MutatingAdmissionPolicyBinding extends Of<typeof MutatingAdmissionPolicyBinding> {}
