/** Binds claims to volumes, and asks provisioners for volumes that are not there. */
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { StorageClass } from "#api/storage-v1/storageclass";
import { keyOf } from "#client/address";
import { type Caches, controller, type Pass, wake } from "#reconciler/controller";
import { referenceTo } from "#reconciler/events";
import { claimsOf } from "../volume-protection/volume-protection.ts";
import { bestFor, isBoundTo } from "./match.ts";

const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
const BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
const PROVISIONER_BETA = "volume.beta.kubernetes.io/storage-provisioner";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const NO_PROVISIONER = "kubernetes.io/no-provisioner";
/** Index of pods by the claims that they use. */
const BY_CLAIM = "claim";

type Claim = PersistentVolumeClaim;
type Volume = PersistentVolume;

export const claimBinding = controller({
  name: "persistent-volume-binder",
  watches: PersistentVolumeClaim,
  wakes: [
    wake(PersistentVolume, claimsFor),
    wake(StorageClass, pendingClaims),
    wake(Pod, claimsOf, (pod, before) => pod.spec.nodeName !== before.spec.nodeName),
  ],
  writes: [
    { kind: PersistentVolume, verbs: ["update", "patch"] },
    { kind: PersistentVolumeClaim, verbs: ["update", "patch"] },
  ],
  // Two claims must not be given the same volume.
  workers: 1,
  index: ({ cache }) => cache(Pod).addIndex(BY_CLAIM, claimsOf),

  async reconcile(claim, pass) {
    if (claim.metadata.annotations?.[BIND_COMPLETED]) return checkBound(claim, pass);
    if (claim.metadata.deletionTimestamp) return;
    const volume = bestFor(claim, pass.cache(PersistentVolume).list());
    if (volume) return bind(claim, volume, pass);
    if (!claim.spec.volumeName) await provision(claim, pass);
  },
});

/** Volumes say themselves whether they are free, bound, or left behind by their claim. */
export const volumePhases = controller({
  name: "persistent-volume-phase",
  watches: PersistentVolume,
  wakes: [wake(PersistentVolumeClaim, ({ spec }) => (spec.volumeName ? [spec.volumeName] : []))],

  async reconcile(volume, { cache, client, write, signal }) {
    const { claimRef } = volume.spec;
    const set = (phase: Volume["status"]["phase"]) =>
      write.status(PersistentVolume, volume, { ...volume.status, phase });
    if (!claimRef?.uid) return void (await set("Available"));
    const at = { namespace: claimRef.namespace ?? "", name: claimRef.name ?? "" };
    const known = cache(PersistentVolumeClaim).get(at.namespace, at.name);
    if (known?.metadata.uid === claimRef.uid) return void (await set("Bound"));
    // Data is at stake: the server is asked before a volume is called abandoned.
    const live = await client.find(PersistentVolumeClaim, at, { signal });
    await set(live?.metadata.uid === claimRef.uid ? "Bound" : "Released");
  },
});

async function checkBound(claim: Claim, { cache, client, write, signal, event }: Pass): Promise<void> {
  const name = claim.spec.volumeName ?? "";
  const volume =
    cache(PersistentVolume).get(undefined, name) ??
    (await client.find(PersistentVolume, { name }, { signal }));
  if (volume && isBoundTo(volume, claim)) return void (await writeBound(claim, volume, write));
  if (claim.status.phase !== "Lost") {
    event(
      claim,
      "Warning",
      "ClaimLost",
      "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    );
  }
  await write.status(PersistentVolumeClaim, claim, { ...claim.status, phase: "Lost" });
}

async function bind(claim: Claim, volume: Volume, { write }: Pass): Promise<void> {
  const { apiVersion: _version, kind: _kind, ...reference } = referenceTo(claim);
  const claimRef = {
    kind: PersistentVolumeClaim.kind,
    apiVersion: PersistentVolumeClaim.apiVersion,
    ...reference,
  };
  const { resourceVersion, name } = volume.metadata;
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) {
    const annotations = volume.spec.claimRef ? {} : { [BY_CONTROLLER]: "yes" };
    await write.patch(
      PersistentVolume,
      { name },
      { metadata: { resourceVersion, annotations }, spec: { claimRef } },
    );
  }
  const annotations = {
    ...claim.metadata.annotations,
    [BIND_COMPLETED]: "yes",
    ...(claim.spec.volumeName ? {} : { [BY_CONTROLLER]: "yes" }),
  };
  const bound = await write.update(PersistentVolumeClaim, {
    ...claim,
    metadata: { ...claim.metadata, annotations },
    spec: { ...claim.spec, volumeName: name },
  });
  await writeBound(bound, volume, write);
}

const writeBound = (claim: Claim, { spec }: Volume, write: Pass["write"]): Promise<Claim> =>
  write.status(PersistentVolumeClaim, claim, {
    ...claim.status,
    phase: "Bound",
    ...(spec.accessModes ? { accessModes: spec.accessModes } : {}),
    ...(spec.capacity ? { capacity: spec.capacity } : {}),
  });

/** Leaves word for the class's provisioner, which makes a volume for this claim. */
async function provision(claim: Claim, { cache, write, event }: Pass): Promise<void> {
  const { storageClassName } = claim.spec;
  const storageClass = storageClassName ? cache(StorageClass).get(undefined, storageClassName) : undefined;
  if (!storageClass) {
    const message = storageClassName
      ? `storageclass.storage.k8s.io "${storageClassName}" not found`
      : "no persistent volumes available for this claim and no storage class is set";
    return event(
      claim,
      storageClassName ? "Warning" : "Normal",
      storageClassName ? "ProvisioningFailed" : "FailedBinding",
      message,
    );
  }
  const { provisioner, volumeBindingMode } = storageClass;
  const node = claim.metadata.annotations?.[SELECTED_NODE] ?? nodeOf(claim, cache);
  if (volumeBindingMode === "WaitForFirstConsumer" && !node) {
    return event(
      claim,
      "Normal",
      "WaitForFirstConsumer",
      "waiting for first consumer to be created before binding",
    );
  }
  if (provisioner === NO_PROVISIONER) {
    return event(
      claim,
      "Normal",
      "FailedBinding",
      "no persistent volumes available for this claim and no provisioner is configured",
    );
  }
  const marks = {
    [PROVISIONER]: provisioner,
    [PROVISIONER_BETA]: provisioner,
    ...(volumeBindingMode === "WaitForFirstConsumer" && node ? { [SELECTED_NODE]: node } : {}),
  };
  const known = claim.metadata.annotations ?? {};
  if (Object.entries(marks).every(([key, value]) => known[key] === value)) return;
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  event(claim, "Normal", "ExternalProvisioning", message);
  await write.patch(PersistentVolumeClaim, claim.metadata, { metadata: { annotations: marks } });
}

/** The node of the first pod that uses the claim and is bound to one. */
function nodeOf(claim: Claim, cache: Caches["cache"]): string | undefined {
  for (const { spec } of cache(Pod).byIndex(BY_CLAIM, keyOf(claim))) if (spec.nodeName) return spec.nodeName;
  return undefined;
}

/** The claim that a volume is for, or all that wait for one. */
function* claimsFor({ spec: { claimRef } }: Volume, caches: Caches): Iterable<string> {
  if (claimRef) yield `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`;
  else yield* pendingClaims(undefined, caches);
}

function* pendingClaims(_changed: unknown, { cache }: Caches): Iterable<string> {
  for (const claim of cache(PersistentVolumeClaim).list()) {
    if (!claim.metadata.annotations?.[BIND_COMPLETED]) yield keyOf(claim);
  }
}
