import type { PersistentVolume } from "#api/core-v1/persistentvolume";
import type { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { compileSelector } from "#machinery/label-selector";
import { compareQuantities } from "#machinery/quantity";

export const isBoundTo = (
  { spec: { claimRef } }: PersistentVolume,
  { metadata }: PersistentVolumeClaim,
): boolean =>
  claimRef?.namespace === metadata.namespace &&
  claimRef?.name === metadata.name &&
  (claimRef.uid === undefined || claimRef.uid === "" || claimRef.uid === metadata.uid);

/** Could the volume serve the claim, and may it? */
export function serves(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec, status, metadata } = volume;
  if (metadata.deletionTimestamp !== undefined) return false;
  if (spec.claimRef ? !isBoundTo(volume, claim) : status.phase === "Released" || status.phase === "Failed")
    return false;
  const wanted = claim.spec;
  const modes = spec.accessModes ?? [];
  return (
    (spec.storageClassName ?? "") === (wanted.storageClassName ?? "") &&
    (spec.volumeMode ?? "Filesystem") === (wanted.volumeMode ?? "Filesystem") &&
    (wanted.accessModes ?? []).every((mode) => modes.includes(mode)) &&
    compareQuantities(spec.capacity?.storage ?? "0", wanted.resources.requests?.storage ?? "0") >= 0 &&
    (wanted.selector === undefined || compileSelector(wanted.selector)(metadata.labels))
  );
}

/** The volume for a claim: the one that waits for it, else the smallest that is large enough. */
export function bestFor(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
): PersistentVolume | undefined {
  const named = claim.spec.volumeName;
  const fitting = [...volumes].filter(
    (volume) => (named ? volume.metadata.name === named : true) && serves(volume, claim),
  );
  const size = ({ spec }: PersistentVolume) => spec.capacity?.storage ?? "0";
  const [best] = fitting.toSorted(
    (a, b) =>
      Number(Boolean(b.spec.claimRef)) - Number(Boolean(a.spec.claimRef)) ||
      compareQuantities(size(a), size(b)),
  );
  return best;
}
