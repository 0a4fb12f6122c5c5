import { ageColumn, nameColumn, selectorText, text, UNSET } from "#api/columns";
import { MatchResources, ParamRef } from "#api/admissionregistration-v1/matching";
import { validatingBindingProblems } from "#api/admissionregistration-v1/validating-policy-rules";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, ref, resource, string, struct } from "#machinery/schema";

export const ValidatingAdmissionPolicyBindingSpec = struct(
  "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
  {
    policyName: string(1).doc("Name of the policy."),
    paramRef: ref(2, ParamRef).doc("Parameters that it is used with."),
    matchResources: ref(3, MatchResources).doc("Narrows the requests that the policy is about."),
    validationActions: list(4, string).set().doc("Deny, Warn or Audit."),
  },
);
export interface ValidatingAdmissionPolicyBindingSpec extends Of<
  typeof ValidatingAdmissionPolicyBindingSpec
> {}

export const ValidatingAdmissionPolicyBinding = resource({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  doc: "Where a validating policy holds, and with which settings.",
  plural: "validatingadmissionpolicybindings",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: ValidatingAdmissionPolicyBindingSpec,
  counted: true,
  unconditionalUpdate: false,
  rules: { validate: ({ spec }) => validatingBindingProblems(spec) },

  columns: [
    nameColumn,
    text("PolicyName", ({ spec }) => spec.policyName ?? ""),
    text("ParamRef", ({ spec: { paramRef } }) => {
      if (!paramRef) return UNSET;
      if (paramRef.selector) return selectorText(paramRef.selector);
      return `${paramRef.namespace || "*"}/${paramRef.name ?? ""}`;
    }),
    ageColumn,
  ],
});
export interface ValidatingAdmissionPolicyBinding extends Of<typeof ValidatingAdmissionPolicyBinding> {}
