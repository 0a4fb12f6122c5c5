/** Says in the status of validating policies what looks wrong with their expressions. */
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { controller } from "#reconciler/controller";
import { ClusterKinds } from "./cluster-kinds.ts";
import { typeWarnings } from "./type-check.ts";

export const admissionPolicyStatus = controller({
  name: "validatingadmissionpolicy-status",
  watches: ValidatingAdmissionPolicy,
  reads: [CustomResourceDefinition],
  matters: ({ metadata }, before) => metadata.generation !== before.metadata.generation,

  async reconcile(policy, { cache, write }) {
    const { generation = 0 } = policy.metadata;
    const { status } = policy;
    if ((status.observedGeneration ?? 0) >= generation) return;
    const warnings = typeWarnings(policy, new ClusterKinds(() => cache(CustomResourceDefinition).list()));
    const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings };
    await write.status(ValidatingAdmissionPolicy, policy, {
      ...status,
      observedGeneration: generation,
      typeChecking,
    });
  },
});
