import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import type { AnyObject } from "#machinery/schema";
import type { AdmissionPlugin } from "../contracts.ts";
import { isAbout } from "./about.ts";

/** Claims and volumes stay while something uses them: a controller takes the finalizer away when nothing does. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: (admission) =>
    admission.operation === "CREATE" &&
    (isAbout(admission, PersistentVolumeClaim) || isAbout(admission, PersistentVolume)),
  admit(admission) {
    const isClaim = isAbout(admission, PersistentVolumeClaim);
    return withFinalizer(
      admission.object!,
      isClaim ? "kubernetes.io/pvc-protection" : "kubernetes.io/pv-protection",
    );
  },
};

function withFinalizer(object: AnyObject, finalizer: string): AnyObject | undefined {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return undefined;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}
