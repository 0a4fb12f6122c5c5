import { ageColumn, nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, microTime, type Of, resource, string, struct } from "#machinery/schema";

export const LeaseSpec = struct("coordination.v1.LeaseSpec", {
  holderIdentity: string(1).pointer().doc("Who holds it."),
  leaseDurationSeconds: int32(2).pointer().min(1).doc("It is free when it was not renewed for so long."),
  acquireTime: microTime(3).pointer().doc("When the holder got it."),
  renewTime: microTime(4).pointer().doc("When it was last renewed."),
  leaseTransitions: int32(5).pointer().min(0).doc("Times that it changed hands."),
  strategy: string(6)
    .pointer()
    .gate("CoordinatedLeaderElection")
    .doc("How the holder is chosen by coordinated election."),
  preferredHolder: string(7)
    .pointer()
    .gate("CoordinatedLeaderElection")
    .doc("Who should have the lease next."),
});
export interface LeaseSpec extends Of<typeof LeaseSpec> {}

export const Lease = resource({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  doc: "Something that one holder at a time can have.",
  plural: "leases",
  namespaced: true,
  metadata: ObjectMeta,
  spec: LeaseSpec,
  unconditionalUpdate: false,
  createOnUpdate: true,

  columns: [nameColumn, text("Holder", ({ spec }) => spec.holderIdentity ?? ""), ageColumn],
});
export interface Lease extends Of<typeof Lease> {}
