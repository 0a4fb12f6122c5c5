import { StatefulSet } from "#api/apps-v1/statefulset";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import type { AnyOwner } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import type { Pass } from "#reconciler/controller";
import { claimName, claimsOf, ordinalOf } from "./identity.ts";
import { ordinalsOf } from "./plan.ts";

/** Makes the claims of a pod that are not there yet. */
export async function ensureClaims(
  set: StatefulSet,
  pod: string,
  { cache, write, event }: Pass,
): Promise<void> {
  for (const claim of claimsOf(set, pod)) {
    const { name = "", namespace = "" } = claim.metadata ?? {};
    if (cache(PersistentVolumeClaim).get(namespace, name)) continue;
    try {
      await write.create(PersistentVolumeClaim, claim);
      const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
      event(set, "Normal", "SuccessfulCreate", message);
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
    }
  }
}

/** Claims that are to go with their pod or with the set get these as owners; others lose them. */
export async function syncRetention(
  set: StatefulSet,
  pods: readonly Pod[],
  { cache, write }: Pass,
): Promise<void> {
  const { whenDeleted = "Retain", whenScaled = "Retain" } =
    set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const wanted = new Set(ordinalsOf(set));
  for (const pod of pods) {
    const condemned = !wanted.has(ordinalOf(set, pod) ?? -1);
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const name = claimName(template.metadata.name, pod.metadata.name);
      const claim = cache(PersistentVolumeClaim).get(set.metadata.namespace, name);
      if (!claim) continue;
      const before = claim.metadata.ownerReferences ?? [];
      const others = before.filter(({ uid }) => uid !== set.metadata.uid && uid !== pod.metadata.uid);
      const owners: AnyOwner[] = [...others];
      if (condemned && whenScaled === "Delete") owners.push(referenceTo("v1", Pod.kind, pod));
      else if (whenDeleted === "Delete")
        owners.push(referenceTo(StatefulSet.apiVersion, StatefulSet.kind, set));
      const same =
        owners.length === before.length &&
        owners.every(({ uid }) => before.some((owner) => owner.uid === uid));
      if (same) continue;
      const { resourceVersion } = claim.metadata;
      const patch = { metadata: { resourceVersion, ownerReferences: owners } };
      await write.patch(PersistentVolumeClaim, claim.metadata, patch);
    }
  }
}

/** The claim goes with the owner, but keeps its own life otherwise: the owner does not control it. */
const referenceTo = (
  apiVersion: string,
  kind: string,
  { metadata: { name, uid } }: { readonly metadata: { readonly name: string; readonly uid: string } },
): AnyOwner => ({ apiVersion, kind, name, uid });
