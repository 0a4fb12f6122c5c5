/** The names of other objects in a pod's spec. */
import type { PodSpec } from "#api/core-v1/podspec";
import type { EnvVar } from "#api/core-v1/env";
import type { Volume } from "#api/core-v1/volume";

interface AnyContainer {
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name?: string };
    readonly secretRef?: { readonly name?: string };
  }[];
}

function* containersOf(spec: PodSpec): Iterable<AnyContainer> {
  yield* spec.containers;
  yield* spec.initContainers ?? [];
  yield* spec.ephemeralContainers ?? [];
}

export function* secretsOf(spec: PodSpec): Iterable<string> {
  for (const { name } of spec.imagePullSecrets ?? []) yield name ?? "";
  for (const { env = [], envFrom = [] } of containersOf(spec)) {
    for (const { valueFrom } of env) if (valueFrom?.secretKeyRef) yield valueFrom.secretKeyRef.name ?? "";
    for (const { secretRef } of envFrom) if (secretRef) yield secretRef.name ?? "";
  }
  for (const volume of spec.volumes ?? []) yield* secretsOfVolume(volume);
}

function* secretsOfVolume(volume: Volume): Iterable<string> {
  if (volume.secret) yield volume.secret.secretName ?? "";
  for (const { secret } of volume.projected?.sources ?? []) if (secret) yield secret.name ?? "";
  if (volume.azureFile) yield volume.azureFile.secretName;
  const references = [
    volume.cephfs?.secretRef,
    volume.cinder?.secretRef,
    volume.flexVolume?.secretRef,
    volume.rbd?.secretRef,
    volume.scaleIO?.secretRef,
    volume.iscsi?.secretRef,
    volume.storageos?.secretRef,
    volume.csi?.nodePublishSecretRef,
  ];
  for (const reference of references) if (reference?.name) yield reference.name;
}

export function* configMapsOf(spec: PodSpec): Iterable<string> {
  for (const { env = [], envFrom = [] } of containersOf(spec)) {
    for (const { valueFrom } of env) {
      if (valueFrom?.configMapKeyRef) yield valueFrom.configMapKeyRef.name ?? "";
    }
    for (const { configMapRef } of envFrom) if (configMapRef) yield configMapRef.name ?? "";
  }
  for (const { configMap, projected } of spec.volumes ?? []) {
    if (configMap) yield configMap.name ?? "";
    for (const source of projected?.sources ?? []) if (source.configMap) yield source.configMap.name ?? "";
  }
}

/** The claim that a volume of this pod stands for; ephemeral volumes have one of their own. */
export const claimNameOf = (volume: Volume, podName: string): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${podName}-${volume.name}` : undefined);
