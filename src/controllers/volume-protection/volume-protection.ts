/** Lets claims and volumes that are being deleted go once nothing uses them any more. */
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { isTerminal } from "#api/core-v1/podstate";
import { keyOf } from "#client/address";
import type { AnyMeta, AnyObject, Resource } from "#machinery/schema";
import { type Caches, controller, type Pass, wake } from "#reconciler/controller";

const CLAIM = "kubernetes.io/pvc-protection";
const VOLUME = "kubernetes.io/pv-protection";
/** Index of pods by the claims that they use. */
const BY_CLAIM = "claim";

export const claimProtection = controller({
  name: "pvc-protection",
  watches: PersistentVolumeClaim,
  wakes: [wake(Pod, claimsOf, (pod, before) => isTerminal(pod) !== isTerminal(before))],
  writes: [{ kind: PersistentVolumeClaim, verbs: ["update", "patch"] }],
  index: ({ cache }) => cache(Pod).addIndex(BY_CLAIM, claimsOf),

  async reconcile(claim, pass) {
    const users = [...pass.cache(Pod).byIndex(BY_CLAIM, keyOf(claim))];
    await protect(PersistentVolumeClaim, claim, CLAIM, !users.every(isTerminal), pass);
  },
});

export const volumeProtection = controller({
  name: "pv-protection",
  watches: PersistentVolume,
  writes: [{ kind: PersistentVolume, verbs: ["update", "patch"] }],

  async reconcile(volume, pass) {
    await protect(PersistentVolume, volume, VOLUME, volume.status.phase === "Bound", pass);
  },
});

/** Keys of the claims that a pod uses; ephemeral volumes have claims named after the pod. */
export function* claimsOf({ metadata: { namespace, name }, spec }: Pod, _caches?: Caches): Iterable<string> {
  for (const volume of spec.volumes ?? []) {
    if (volume.persistentVolumeClaim) yield `${namespace}/${volume.persistentVolumeClaim.claimName}`;
    else if (volume.ephemeral) yield `${namespace}/${name}-${volume.name}`;
  }
}

async function protect<T extends AnyObject>(
  kind: Resource<T>,
  { metadata }: { readonly metadata: AnyMeta },
  finalizer: string,
  inUse: boolean,
  { write }: Pass,
): Promise<void> {
  const { finalizers = [], resourceVersion, deletionTimestamp } = metadata;
  const held = finalizers.includes(finalizer);
  const leaving = deletionTimestamp !== undefined;
  if (leaving ? !held || inUse : held) return;
  const now = leaving ? finalizers.filter((other) => other !== finalizer) : [...finalizers, finalizer];
  await write.patch(kind, metadata, { metadata: { resourceVersion, finalizers: now } });
}
