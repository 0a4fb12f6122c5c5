import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { StorageClass } from "#api/storage-v1/storageclass";
import { compareQuantities } from "#machinery/quantity";
import type { AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

/** A claim may grow only when it is bound, and its class says that its volumes can. */
export const persistentVolumeClaimResize = (cache: ReadCache): AdmissionPlugin => ({
  name: "PersistentVolumeClaimResize",
  handles: (admission) => admission.operation === "UPDATE" && isAbout(admission, PersistentVolumeClaim),
  validate(admission) {
    const before = admission.old as PersistentVolumeClaim;
    const after = admission.object as PersistentVolumeClaim;
    const [old, wanted] = [storageOf(before), storageOf(after)];
    if (old === undefined || wanted === undefined || compareQuantities(wanted, old) <= 0) return;
    if (before.status?.phase !== "Bound") {
      throw refusal(admission, "Only bound persistent volume claims can be expanded");
    }
    const name = after.spec.storageClassName;
    if (name && cache.get(StorageClass, undefined, name)?.allowVolumeExpansion) return;
    throw refusal(
      admission,
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
    );
  },
});

const storageOf = ({ spec }: PersistentVolumeClaim): string | undefined => spec.resources?.requests?.storage;
