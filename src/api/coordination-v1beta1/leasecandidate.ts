import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { microTime, type Of, resource, string, struct } from "#machinery/schema";

export const LeaseCandidateSpec = struct("coordination.v1beta1.LeaseCandidateSpec", {
  leaseName: string(1).required(),
  pingTime: microTime(2).pointer(),
  renewTime: microTime(3).pointer(),
  binaryVersion: string(4).required(),
  emulationVersion: string(5),
  strategy: string(6).required().omitEmpty(),
});
export interface LeaseCandidateSpec extends Of<typeof LeaseCandidateSpec> {}

export const LeaseCandidate = resource({
  apiVersion: "coordination.k8s.io/v1beta1",
  kind: "LeaseCandidate",
  plural: "leasecandidates",
  namespaced: true,
  metadata: ObjectMeta,
  spec: LeaseCandidateSpec,
  unconditionalUpdate: false,
  createOnUpdate: true,
  servedByDefault: false,
});
export interface LeaseCandidate extends Of<typeof LeaseCandidate> {}
